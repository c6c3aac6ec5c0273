"""Tar shards, as WebDataset writes them: what is in them is listed, and stays where it is.

Nothing is unpacked. Names of members are names and never paths; links, devices and folders are passed over.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from avmeter.sources.content import Content

_PACKED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstandard"}
_BLOCK = 512
_MAX_HEADER = 16 << 20  # bytes of a name or of extended attributes
_LISTED_AT_A_TIME = 1024


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in a shard: its name as written, and where its bytes are."""

    name: str
    offset: int
    size: int


class BrokenShardError(Exception):
    """A shard cannot be read further; the message says what is wrong, without its name."""


def list_members(shard: Content) -> Iterator[Member]:
    """Yield the files of a shard in their order, until it ends or breaks off.

    Members whose bytes are cut off are yielded, too: reading them is an error.

    Raises:
        BrokenShardError: It is no tar, compressed, or breaks off.
        SkipError: It cannot be read.
    """
    head = shard.read(0, _BLOCK)
    for mark, kind in _PACKED.items():
        if head.startswith(mark):
            raise BrokenShardError(
                f"compressed by {kind}, so that nothing can be read in place; make a plain .tar of it"
            )
    if not head:
        raise BrokenShardError("empty")
    end = 0
    try:
        with tarfile.open(fileobj=cast(BinaryIO, _Bounded(shard)), mode="r:") as archive:
            while (entry := archive.next()) is not None:
                if entry.size < 0 or entry.offset_data < end:
                    raise BrokenShardError(f"damaged after {end} bytes (a size of {entry.size} bytes)")
                end = entry.offset_data + _padded(entry.size if entry.isreg() else 0)
                if entry.isreg() and not entry.issparse():
                    yield Member(name=entry.name, offset=entry.offset_data, size=entry.size)
                seen: list[Any] = archive.members  # type: ignore[attr-defined]
                if len(seen) > _LISTED_AT_A_TIME:
                    seen.clear()  # kept for finding members by name, which nobody does
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        shard.raise_failure()
        raise BrokenShardError(f"breaks off or is damaged after {end} bytes ({error})") from error
    except OSError as error:
        shard.raise_failure()
        raise BrokenShardError(f"cannot be read ({error.strerror or error})") from error
    if shard.read(end, end + _BLOCK).strip(b"\0") or end + _BLOCK > shard.size:
        raise BrokenShardError(f"breaks off after {end} bytes, without the mark of its end")


class _Bounded:
    """A shard for `tarfile`, which asks for as many bytes as a header says, whatever there is."""

    def __init__(self, shard: Content) -> None:
        self._file = shard.open()
        self._size = shard.size

    def read(self, count: int) -> bytes:
        return self._file.read(max(0, min(count, self._size - self._file.tell(), _MAX_HEADER)))

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
