"""Batches that mix the windows of all clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from avmeter.features.base import Window, WindowExtractor


@dataclass(frozen=True)
class WindowId:
    """Number of a job, and index of one of its windows."""

    job: int
    index: int


_PATIENCE = 32  # batches that fit before a larger one is tried; twice as many each time that it does not
_FULL_BYTES = 320 << 20  # of the windows of a batch: beyond this a GPU gains nothing, and the host holds several


@dataclass(frozen=True)
class Batch:
    """Windows of one extractor that may run together.

    Attributes:
        uploaded: The windows' arrays on the device, if that is where they are; the windows have none then.
    """

    extractor: WindowExtractor
    ids: tuple[WindowId, ...]
    windows: tuple[Window, ...]
    uploaded: Mapping[str, Tensor] | None = None

    def on_device(self, uploaded: Mapping[str, Tensor]) -> Batch:
        """Return the batch without its arrays here, which were uploaded."""
        return replace(self, windows=tuple(window.without_inputs() for window in self.windows), uploaded=uploaded)


@dataclass
class _Bucket:
    """Windows that have not filled a batch yet."""

    extractor: WindowExtractor
    ids: list[WindowId] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    size_bytes: int = 0

    def batch(self) -> Batch:
        return Batch(self.extractor, tuple(self.ids), tuple(self.windows))


class BatchSizes:
    """How many windows of an extractor run at once, and what was found to fit on the device.

    Args:
        batch_size: Overrides the extractors' own sizes when given.
        on_gpu: Take the extractors' sizes for a GPU.

    Attributes:
        on_gpu: As the argument.
    """

    def __init__(self, batch_size: int | None = None, *, on_gpu: bool = False) -> None:
        self._override = batch_size
        self.on_gpu = on_gpu
        self._limits: dict[str, int] = {}
        self._patience: dict[str, int] = {}  # batches between the last failure and the next try of larger ones
        self._num_since_failure: Counter[str] = Counter()
        self._identities: dict[WindowExtractor, str] = {}  # asked for with every window, and JSON

    def identity(self, extractor: WindowExtractor) -> str:
        """Return `extractor.identity()`."""
        if extractor not in self._identities:
            self._identities[extractor] = extractor.identity()
        return self._identities[extractor]

    def limit(self, extractor: WindowExtractor) -> int:
        """Return the largest batch that `extractor` gets now."""
        return self._limits.get(self.identity(extractor), self._full_limit(extractor))

    def _full_limit(self, extractor: WindowExtractor) -> int:
        return self._override or (extractor.gpu_batch_size if self.on_gpu else extractor.batch_size)

    def halve(self, extractor: WindowExtractor, failed: int) -> int:
        """Remember that `failed` windows at once were too many; return the new limit (0: even one is)."""
        identity = self.identity(extractor)
        self._limits[identity] = failed // 2
        if self._num_since_failure.pop(identity, 0) or identity not in self._patience:
            self._patience[identity] = 2 * self._patience.get(identity, _PATIENCE // 2)
        return failed // 2

    def grow(self, extractor: WindowExtractor) -> None:
        """Try larger batches again where many have fitted: others may have left the device."""
        identity = self.identity(extractor)
        if identity not in self._limits:
            return
        self._num_since_failure[identity] += 1
        if self._num_since_failure[identity] >= self._patience[identity]:
            self._limits[identity] = min(2 * self._limits[identity], self._full_limit(extractor))
            self._num_since_failure[identity] = 1


class Batcher:
    """Collects the windows of one stream of plans until a batch is full.

    Args:
        sizes: When that is; they outlive this object.
    """

    def __init__(self, sizes: BatchSizes) -> None:
        self._sizes = sizes
        self._buckets: dict[tuple[str, Hashable], _Bucket] = {}

    def add(self, extractor: WindowExtractor, window_id: WindowId, window: Window) -> Batch | None:
        """Add a window; return a batch when that filled one."""
        key = (self._sizes.identity(extractor), extractor.batch_key(window))
        bucket = self._buckets.setdefault(key, _Bucket(extractor))
        bucket.ids.append(window_id)
        bucket.windows.append(window)
        bucket.size_bytes += window.size_bytes
        if len(bucket.ids) < self._sizes.limit(extractor) and bucket.size_bytes < _FULL_BYTES:
            return None
        del self._buckets[key]
        self._sizes.grow(extractor)
        return bucket.batch()

    def flush(self) -> Iterator[Batch]:
        """Yield what is left, as smaller batches."""
        while self._buckets:
            _, bucket = self._buckets.popitem()
            yield bucket.batch()
