"""The part of a download that has arrived, what it is a part of, and whether more of it comes fast enough."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

# Fewer bytes than this in the time that a policy allows are no progress.
_FEWEST_BYTES = 1 << 16


class UnusableError(Exception):
    """This URL does not serve the file; the message says why."""


@dataclass
class Partial:
    """The part of a file that has arrived, and the version that it is of (`url`, `validator`).

    Attributes:
        path: Where it lies; the note on its version lies beside it.
        is_known: The whole has a known hash: any server may complete it, since the end shows whether it fits.
    """

    path: Path
    is_known: bool

    @property
    def note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def can_be_continued(self) -> bool:
        """True if a later download may go on from here."""
        return self.size() > 0 and (self.is_known or self._origin().get("validator") is not None)

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str | None:
        """Return what `If-Range` must say to continue from this URL (without its query), or None."""
        origin = self._origin()
        validator = origin.get("validator") if origin.get("url") == url else None
        return validator if isinstance(validator, str) else None

    def begin(self, url: str, validator: str | None) -> None:
        self.note.write_text(json.dumps({"url": url, "validator": validator}), "utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _origin(self) -> dict[str, object]:
        try:
            origin = json.loads(self.note.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return origin if isinstance(origin, dict) else {}


class Pace:
    """Whether bytes come fast enough to wait for more, however many requests they take.

    Args:
        window_s: In each window of so many seconds at least 64 KiB must come.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._begin()

    def _begin(self) -> None:
        self._since, self._num_bytes = time.monotonic(), 0

    def add(self, num_bytes: int) -> None:
        """Count bytes that have come.

        Raises:
            UnusableError: Too few came for too long.
        """
        self._num_bytes += num_bytes
        elapsed = time.monotonic() - self._since
        if self._num_bytes >= _FEWEST_BYTES:
            self._begin()
        elif elapsed > self._window_s:
            raise UnusableError(f"{self._num_bytes} bytes in {elapsed:.0f} s: given up")
