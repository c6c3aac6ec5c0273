"""Batches that mix the windows of all clips, and a queue bounded by bytes between decoding and networks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from avmeter.features.base import Window, WindowExtractor

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - a signal, not an error
    """The queue was closed while a producer waited."""


class ByteQueue(Generic[T]):
    """A FIFO whose items' sizes sum to at most `limit_bytes` (one oversized item may stand alone)."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._closed = False
        lock = threading.Lock()
        # Two conditions, one waiter woken at a time: waking every decoding thread for each item is costly.
        self._has_room = threading.Condition(lock)
        self._has_item = threading.Condition(lock)

    def put(self, item: T, size_bytes: int) -> None:
        """Append; waits for room.

        Raises:
            Stopped: The queue was closed.
        """
        with self._has_room:
            self._has_room.wait_for(lambda: self._closed or not self._items or self._bytes + size_bytes <= self._limit)
            if self._closed:
                raise Stopped
            self._items.append((item, size_bytes))
            self._bytes += size_bytes
            self._has_item.notify()
            if self._bytes < self._limit:
                self._has_room.notify()

    def get(self, timeout_s: float) -> T | None:
        """The oldest item, or None when none came in time."""
        with self._has_item:
            if not self._has_item.wait_for(lambda: self._items, timeout_s):
                return None
            item, size_bytes = self._items.popleft()
            self._bytes -= size_bytes
            self._has_room.notify()
            return item

    def close(self) -> None:
        """Drop everything and release waiting producers."""
        with self._has_room:
            self._closed = True
            self._items.clear()
            self._bytes = 0
            self._has_room.notify_all()
            self._has_item.notify_all()


@dataclass(frozen=True)
class Ticket:
    """Which window of which job."""

    job: int
    index: int


@dataclass(frozen=True)
class Batch:
    """Windows of one extractor that may run together."""

    extractor: WindowExtractor
    tickets: tuple[Ticket, ...]
    windows: tuple[Window, ...]


class Batcher:
    """Collects windows until a batch is full.

    Args:
        batch_size: Overrides the extractors' own sizes when given.
        on_gpu: Take the extractors' sizes for a GPU.
    """

    def __init__(self, batch_size: int | None = None, *, on_gpu: bool = False) -> None:
        self._override = batch_size
        self._on_gpu = on_gpu
        self._limits: dict[str, int] = {}
        self._buckets: dict[tuple[str, Hashable], list[tuple[WindowExtractor, Ticket, Window]]] = {}

    def limit(self, extractor: WindowExtractor) -> int:
        """The largest batch that `extractor` gets now."""
        own = extractor.gpu_batch_size if self._on_gpu else extractor.batch_size
        return self._limits.get(extractor.identity(), self._override or own)

    def halve(self, extractor: WindowExtractor, failed: int) -> int:
        """Remember that `failed` windows at once were too many; returns the new limit (0: even one is)."""
        self._limits[extractor.identity()] = failed // 2
        return failed // 2

    def add(self, extractor: WindowExtractor, ticket: Ticket, window: Window) -> Batch | None:
        """Take a window in; returns a batch when that filled one."""
        key = (extractor.identity(), extractor.batch_key(window))
        bucket = self._buckets.setdefault(key, [])
        bucket.append((extractor, ticket, window))
        if len(bucket) < self.limit(extractor):
            return None
        del self._buckets[key]
        return _batch(bucket)

    def flush(self) -> Iterator[Batch]:
        """Everything that is left, as smaller batches."""
        while self._buckets:
            _, bucket = self._buckets.popitem()
            yield _batch(bucket)

    def clear(self) -> None:
        """Forget what is left: its tickets belong to a computation that was broken off."""
        self._buckets.clear()


def _batch(bucket: list[tuple[WindowExtractor, Ticket, Window]]) -> Batch:
    return Batch(bucket[0][0], tuple(t for _, t, _ in bucket), tuple(w for _, _, w in bucket))
