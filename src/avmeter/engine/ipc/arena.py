"""Memory that a run and one of its processes have in common: large arrays pass through it without being copied again.

    run       makes the arena, lends it to the process, reads arrays where they lie, marks a block as free again
    process   writes arrays into free blocks, and says in a message where they are

It stays mapped from the first message to the last, so that no page is mapped anew for a clip. The first part of the
memory is a table of blocks; either side writes what the other never does, so there is no lock:

    start, length of a block    written by the process, before it says where the block is
    in use: 1 or 0              1 by the process; 0 by the run, once nothing refers to the array any more
"""

from __future__ import annotations

import mmap
import os
import time
import weakref

import numpy as np

_NUM_BLOCKS = 1024
_ENTRY = np.dtype([("start", np.uint64), ("length", np.uint64), ("in_use", np.uint64)])
_TABLE_BYTES = _NUM_BLOCKS * _ENTRY.itemsize
_PAGE_BYTES = mmap.PAGESIZE
_POLL_S = 0.001


class _SharedMemory:
    """A mapping of a memory file, with its table of blocks."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._mapping = mmap.mmap(descriptor, size_bytes)
        self.memory = np.frombuffer(self._mapping, np.uint8)
        self.blocks = self.memory[:_TABLE_BYTES].view(_ENTRY)


class Arena(_SharedMemory):
    """The run's end.

    Args:
        size_bytes: For arrays; memory is taken when it is first written to.

    Attributes:
        memory: All of it, as bytes; the arrays that are handed out lie in it.

    Raises:
        OSError: This system has no memory files.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = _TABLE_BYTES + size_bytes
        self.descriptor = _memory_file(self.size_bytes)
        weakref.finalize(self, os.close, self.descriptor)
        super().__init__(self.descriptor, self.size_bytes)
        self._live: set[int] = set()
        self._owner = os.getpid()

    def reclaim(self) -> None:
        """Free what a process that has died had written, and nobody has received."""
        for number in range(_NUM_BLOCKS):
            if number not in self._live:
                self.blocks["in_use"][number] = 0

    def array(self, number: int, size_bytes: int) -> np.ndarray:
        """Return the array (size_bytes,) uint8 in a block; the block is free again once nothing refers to it."""
        start = int(self.blocks["start"][number])
        # An object of its own, so that all views of it, and nothing else, keep it alive.
        found = np.frombuffer(self._mapping, np.uint8, size_bytes, start)
        self._live.add(number)
        weakref.finalize(found, self._free, number).atexit = False
        return found

    def block(self, number: int) -> np.ndarray:
        """Return the memory (length,) uint8 of a block that the process has reserved for itself."""
        start, length, _ = self.blocks[number].tolist()
        return self.memory[start : start + length]

    def _free(self, number: int) -> None:
        if os.getpid() == self._owner:  # a process forked from the run has copies of its arrays, which are not its own
            self._live.discard(number)
            self.blocks["in_use"][number] = 0


class ArenaWriter(_SharedMemory):
    """The process's end.

    Args:
        descriptor: Of the memory file; closed by this object.
    """

    def __init__(self, descriptor: int) -> None:
        try:
            size_bytes = os.fstat(descriptor).st_size
            super().__init__(descriptor, size_bytes)
        finally:
            os.close(descriptor)
        self._size_bytes = size_bytes

    def write(self, data: memoryview, *, timeout_s: float) -> int | None:
        """Copy bytes into a free block.

        Args:
            data: The bytes.
            timeout_s: How long to wait for room.

        Returns:
            Number of the block; None if there was no room in time.
        """
        deadline = time.monotonic() + timeout_s
        while (found := self._room(data.nbytes)) is None:
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL_S)
        number, start = found
        self.memory[start : start + data.nbytes] = np.frombuffer(data, np.uint8)
        self.blocks[number] = (start, data.nbytes, 1)
        return number

    def reserve(self, size_bytes: int) -> tuple[int, np.ndarray] | None:
        """Take a block for as long as this process lives, for what the run writes into it.

        Returns:
            Number of the block, and its memory (size_bytes,) uint8; None if there is no room.
        """
        found = self._room(size_bytes)
        if found is None:
            return None
        number, start = found
        self.blocks[number] = (start, size_bytes, 1)
        return number, self.memory[start : start + size_bytes]

    def _room(self, size_bytes: int) -> tuple[int, int] | None:
        """Return a free entry of the table, and the first gap that is long enough."""
        in_use = np.flatnonzero(self.blocks["in_use"])
        if len(in_use) == _NUM_BLOCKS:
            return None
        taken = self.blocks[in_use]
        taken = taken[np.argsort(taken["start"])]
        start = _TABLE_BYTES
        for block_start, length in zip(taken["start"].tolist(), taken["length"].tolist(), strict=True):
            if block_start - start >= size_bytes:
                break
            start = _pages_up(block_start + length)
        if start + size_bytes > self._size_bytes:
            return None
        return int(np.flatnonzero(self.blocks["in_use"] == 0)[0]), start


def _memory_file(size_bytes: int) -> int:
    if not hasattr(os, "memfd_create"):
        raise OSError("no memory files on this system")
    descriptor = os.memfd_create("avmeter-arena")
    try:
        os.ftruncate(descriptor, size_bytes)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _pages_up(position: int) -> int:
    return -(-position // _PAGE_BYTES) * _PAGE_BYTES
