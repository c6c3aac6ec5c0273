"""Batches that mix the windows of all clips."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from avmeter.features.base import Window, WindowExtractor


@dataclass(frozen=True)
class WindowId:
    """Number of a job, and index of one of its windows."""

    job: int
    index: int


@dataclass(frozen=True)
class Batch:
    """Windows of one extractor that may run together."""

    extractor: WindowExtractor
    ids: tuple[WindowId, ...]
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
        self._buckets: dict[tuple[str, Hashable], list[tuple[WindowExtractor, WindowId, Window]]] = {}

    def limit(self, extractor: WindowExtractor) -> int:
        """Return the largest batch that `extractor` gets now."""
        own = extractor.gpu_batch_size if self._on_gpu else extractor.batch_size
        return self._limits.get(extractor.identity(), self._override or own)

    def halve(self, extractor: WindowExtractor, failed: int) -> int:
        """Remember that `failed` windows at once were too many; return the new limit (0: even one is)."""
        self._limits[extractor.identity()] = failed // 2
        return failed // 2

    def add(self, extractor: WindowExtractor, window_id: WindowId, window: Window) -> Batch | None:
        """Add a window; return a batch when that filled one."""
        key = (extractor.identity(), extractor.batch_key(window))
        bucket = self._buckets.setdefault(key, [])
        bucket.append((extractor, window_id, window))
        if len(bucket) < self.limit(extractor):
            return None
        del self._buckets[key]
        return _batch(bucket)

    def flush(self) -> Iterator[Batch]:
        """Yield what is left, as smaller batches."""
        while self._buckets:
            _, bucket = self._buckets.popitem()
            yield _batch(bucket)

    def clear(self) -> None:
        """Forget what is left: it belongs to a computation that was broken off."""
        self._buckets.clear()


def _batch(bucket: list[tuple[WindowExtractor, WindowId, Window]]) -> Batch:
    return Batch(bucket[0][0], tuple(t for _, t, _ in bucket), tuple(w for _, _, w in bucket))
