"""Bytes by position, as a seekable file: what decoders read from, wherever the bytes are.

Content ── open() ── io.BufferedReader ── _Stream ── read(start, stop)
                                                      ├── a file on disk, or a part of one
                                                      ├── bytes in memory
                                                      └── Blocks ── ranges of a remote file
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from avmeter.errors import SkipError

Read = Callable[[int, int], bytes]
"""Bytes from one position up to another; both are within the file."""

_BUFFER_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 18
_MOST_BLOCKS_AHEAD = 32  # 8 MiB in one request
_CACHED_BYTES = 64 << 20


class Content:
    """A file's bytes, read in any order by any number of threads.

    Args:
        read: Reads a part.
        size: Of the whole, bytes.
        name: For messages.
        close: Called when nobody needs it any more.
    """

    def __init__(self, read: Read, *, size: int, name: str, close: Callable[[], None] = lambda: None) -> None:
        self._read = read
        self._close = close
        self.size = size
        self.name = name
        self._failure: SkipError | None = None

    def __str__(self) -> str:
        return self.name

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`, fewer at the end.

        Raises:
            SkipError: They cannot be read.
        """
        start, stop = max(0, start), min(stop, self.size)
        if start >= stop:
            return b""
        try:
            return self._read(start, stop)
        except SkipError as error:
            self._failure = error
            raise

    def open(self) -> io.BufferedReader:
        """Open it as a file, at its beginning."""
        return io.BufferedReader(_Stream(self), _BUFFER_BYTES)

    def raise_failure(self) -> None:
        """Raise the error of an earlier read again: decoders take it for the end of the file.

        Raises:
            SkipError: There was one.
        """
        if self._failure is not None:
            raise self._failure

    def part(self, offset: int, size: int, *, name: str) -> Content:
        """Return some of the bytes as a file of its own, which is closed with this one."""
        return Content(
            lambda start, stop: self.read(offset + start, offset + stop), size=size, name=name, close=self._close
        )

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    @classmethod
    def of_bytes(cls, data: bytes, *, name: str) -> Content:
        """Return bytes in memory as a file."""
        return cls(lambda start, stop: data[start:stop], size=len(data), name=name)

    @classmethod
    def of_descriptor(cls, descriptor: int, *, name: str) -> Content:
        """Return an open file, which is closed with the content; its name on disk may go meanwhile."""
        read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)

        def read(start: int, stop: int) -> bytes:
            parts = []
            while start < stop and (data := read_at(descriptor, min(stop - start, 1 << 24), start)):
                parts.append(data)
                start += len(data)
            return b"".join(parts)

        return cls(read, size=os.fstat(descriptor).st_size, name=name, close=lambda: os.close(descriptor))


class Blocks:
    """Ranges of a remote file, asked for in blocks, further ahead the longer they are read in order.

    Args:
        fetch: Fetches a range.
        size: Of the file.
        first_blocks: How many blocks are fetched where reading starts anew.
        cached_bytes: How much stays in memory; what was used longest ago goes first.
    """

    def __init__(self, fetch: Read, *, size: int, first_blocks: int = 4, cached_bytes: int = _CACHED_BYTES) -> None:
        self._fetch = fetch
        self._size = size
        self._most_blocks = max(2 * _MOST_BLOCKS_AHEAD, cached_bytes // _BLOCK_BYTES)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next = -1
        self._first_blocks = first_blocks
        self._ahead = first_blocks
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> bytes:
        """Return a range; see `Read`."""
        with self._lock:
            numbers = range(start // _BLOCK_BYTES, (stop - 1) // _BLOCK_BYTES + 1)
            parts = [self._block(n, numbers[-1]) for n in numbers]
        first = numbers[0] * _BLOCK_BYTES
        return b"".join(parts)[start - first : stop - first]

    def _block(self, number: int, last: int) -> bytes:
        if number not in self._blocks:
            self._load(number, last)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _load(self, number: int, last: int) -> None:
        """Fetch a block and those behind it that are known to be asked for, or are likely to be."""
        self._ahead = min(2 * self._ahead, _MOST_BLOCKS_AHEAD) if number == self._next else self._first_blocks
        count = min(max(self._ahead, last - number + 1), _MOST_BLOCKS_AHEAD)
        missing = 1
        while missing < count and number + missing not in self._blocks:
            missing += 1
        start = number * _BLOCK_BYTES
        data = self._fetch(start, min(start + missing * _BLOCK_BYTES, self._size))
        for i in range(0, len(data), _BLOCK_BYTES):
            self._blocks[number + i // _BLOCK_BYTES] = data[i : i + _BLOCK_BYTES]
        self._next = number + missing
        while len(self._blocks) > self._most_blocks:
            self._blocks.popitem(last=False)


_SEEKING = threading.Lock()


def _seek_and_read(descriptor: int, count: int, position: int) -> bytes:
    """Read at a position where the system has no call for it (Windows)."""
    with _SEEKING:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, count)


class _Stream(io.RawIOBase):
    def __init__(self, content: Content) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._content.size}[whence]
        if base + offset < 0:
            raise ValueError(f"position {base + offset} is before the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = self._content.read(self._position, self._position + len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
