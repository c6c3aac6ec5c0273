"""A queue between decoding threads and the thread that runs networks, bounded by the bytes it holds.

The thread that runs networks is usually the main one, where Ctrl-C raises at any step, so `get` takes no lock written
in Python: an interrupt inside `threading.Condition` can leave its lock held forever, or release one that is not held.
Producers alone do the accounting; what was consumed reaches them through a second queue.
"""

from __future__ import annotations

import contextlib
import threading
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 1.0  # `close` wakes a waiting producer at once; this is for one that an interrupt kept it from waking


class Stopped(Exception):  # noqa: N818 - a signal, not an error
    """The queue was closed while a producer waited."""


class ByteQueue(Generic[T]):
    """A FIFO of many producers and one consumer whose items' sizes sum to at most `limit_bytes`.

    A larger item may stand alone. A consumer that was interrupted in `get` may have lost an item: it must `close`.

    Args:
        limit_bytes: Bytes at which producers wait.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._items: SimpleQueue[tuple[T, int]] = SimpleQueue()
        self._consumed_bytes: SimpleQueue[int] = SimpleQueue()  # one entry per consumed item
        self._is_closed = False
        self._producing = threading.Lock()  # guards what is below; the consumer never takes it
        self._num_items = 0
        self._num_bytes = 0

    def put(self, item: T, size_bytes: int) -> None:
        """Append an item; wait for room.

        Raises:
            Stopped: The queue was closed.
        """
        with self._producing:
            while not self._is_closed and self._num_items and self._num_bytes + size_bytes > self._limit_bytes:
                with contextlib.suppress(Empty):
                    self._num_bytes -= self._consumed_bytes.get(timeout=_POLL_S)
                    self._num_items -= 1
            if self._is_closed:
                raise Stopped
            self._num_items += 1
            self._num_bytes += size_bytes
            self._items.put((item, size_bytes))

    def get(self, timeout_s: float) -> T | None:
        """Return the oldest item, or None when none came in time."""
        try:
            item, size_bytes = self._items.get(timeout=timeout_s)
        except Empty:
            return None
        self._consumed_bytes.put(size_bytes)
        return item

    def close(self) -> None:
        """Drop everything and release waiting producers."""
        self._is_closed = True
        self._consumed_bytes.put(0)
        with contextlib.suppress(Empty):
            while True:
                self._items.get_nowait()
