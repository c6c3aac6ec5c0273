"""Seconds that a feature took on this machine, remembered from run to run where its features are stored."""

from __future__ import annotations

import contextlib
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.files import write_atomically
from avmeter.runtime.environment import cache_folder

_MOST_MACHINES = 50


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The file, and of which machine rates are read and written.

    Attributes:
        path: JSON: machine -> identity of an extractor -> seconds; None where nothing is remembered.
        machine: Host, device and precision.
    """

    path: Path | None
    machine: str

    @classmethod
    def of(cls, store: str | Path | bool | None, *, device: str, precision: str) -> Rates:
        """Return those of this host, in the folder of a store; with True in the user's cache folder.

        Args:
            store: As for the evaluator; without one nothing is remembered.
            device: Human-readable name of what computes.
            precision: In which precision.
        """
        folder = cache_folder() if store is True else Path(store) if store else None
        path = None if folder is None else folder / "rates.json"
        return cls(path=path, machine=f"{platform.node()}, {device}, {precision}")

    def read(self) -> dict[str, float]:
        """Return identity of an extractor -> seconds of a feature; nothing of a file that is absent or damaged."""
        own = self._content().get(self.machine)
        if not isinstance(own, dict):
            return {}
        return {name: float(s) for name, s in own.items() if isinstance(s, int | float) and math.isfinite(s) and s >= 0}

    def record(self, seconds: Mapping[str, float]) -> None:
        """Remember the seconds of the last run; a folder that cannot be written costs an estimate, and no run."""
        if not seconds or self.path is None:
            return
        content = self._content()
        own = {**self.read(), **seconds}
        others = {name: rates for name, rates in content.items() if name != self.machine}
        latest = dict(list(others.items())[-(_MOST_MACHINES - 1) :])
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps({**latest, self.machine: own}, indent=1))

    def _content(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
