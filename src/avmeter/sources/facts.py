"""What a server says of a file, and the operations that every kind of server offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class RemoteFacts:
    """What a server says of a file.

    Attributes:
        size: Bytes; None if it does not say.
        version: What changes whenever the bytes do (a strong ETag, a hash, a generation); None without one.
        modified: When it was last changed, as written; an empty string if it does not say.
        has_ranges: Whether parts can be asked for, and be known to be of one version.
    """

    size: int | None = None
    version: str | None = None
    modified: str = ""
    has_ranges: bool = False


class RemoteFile(Protocol):
    """A file behind a URL. Everything may raise `MediaError`; nothing hangs."""

    def facts(self) -> RemoteFacts:
        """Ask what the file is."""

    def read(self, start: int, stop: int, facts: RemoteFacts) -> bytes:
        """Fetch a range of the version that the facts describe."""

    def blocks(self) -> Iterator[bytes]:
        """Fetch the whole file, once; the last error is a `TransientError` where another try may help."""
