"""Where the time of a clip goes: each stage by itself, one after the other, outside of a run.

    decode -> prepare (resampling, windows, spectrograms) -> transfer to the device -> forward (the network)

A run overlaps the stages of different clips; what it takes beyond them is waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from avmeter.engine.compute.batching import Batch, Batcher, BatchSizes, WindowId
from avmeter.engine.plan import Plan
from avmeter.errors import AvmeterError
from avmeter.features.base import ClipExtractor, DerivedExtractor, Extractor, WindowExtractor
from avmeter.media import MediaItem, open_media
from avmeter.runtime import Runtime


@dataclass(kw_only=True)
class StageSeconds:
    """Seconds in each stage, of all clips together."""

    decode: float = 0.0
    prepare: float = 0.0
    transfer: float = 0.0
    forward: float = 0.0

    @property
    def total(self) -> float:
        """Seconds in all stages."""
        return self.decode + self.prepare + self.transfer + self.forward


def measure_stages(plan: Plan, runtime: Runtime) -> StageSeconds:
    """Take every source of a plan through the stages, in this thread, with networks that are loaded already.

    Derived features are left out: their networks are small, and their inputs are features; so are those of pairs of
    clips, which are statistics. What cannot be measured
    takes the time until its failure.
    """
    stages = StageSeconds()
    by_source: dict[str, list[Extractor]] = {}
    for request in plan.requests:
        extractor = plan.extractors[request.extractor]
        if not isinstance(extractor, DerivedExtractor) and len(request.sources) == 1:
            by_source.setdefault(request.sources[0], []).append(extractor)
    batcher = Batcher(BatchSizes(on_gpu=runtime.device.type == "cuda"))
    num_threads = torch.get_num_threads()
    torch.set_num_threads(runtime.cores.threads)
    try:
        with torch.inference_mode(), runtime.precision.applied(runtime.device):
            for name, extractors in by_source.items():
                for batch in _batches(plan.sources[name], extractors, batcher, stages):
                    _run(batch, runtime, stages)
            for batch in batcher.flush():
                _run(batch, runtime, stages)
    finally:
        torch.set_num_threads(num_threads)
    return stages


def _batches(source: Any, extractors: Sequence[Extractor], batcher: Batcher, stages: StageSeconds) -> list[Batch]:
    """Cut one source into windows; return the batches that they filled."""
    started = time.perf_counter()
    try:
        media: Any = source if isinstance(source, str) else _TimedMedia(open_media(source))
    except AvmeterError:
        stages.decode += time.perf_counter() - started
        return []
    opened_s = time.perf_counter() - started
    full: list[Batch] = []
    for extractor in extractors:
        try:
            if isinstance(extractor, ClipExtractor):
                extractor.extract(media)
            elif isinstance(extractor, WindowExtractor):
                for number, window in enumerate(extractor.windows(media)):
                    batch = batcher.add(extractor, WindowId(0, number), window)
                    full += [batch] if batch else []
        except AvmeterError:
            continue
    took_s = time.perf_counter() - started
    decode_s = opened_s + (media.decode_s if isinstance(media, _TimedMedia) else 0.0)
    if isinstance(media, _TimedMedia):
        media.item.release()
    stages.decode += decode_s
    stages.prepare += took_s - decode_s
    return full


def _run(batch: Batch, runtime: Runtime, stages: StageSeconds) -> None:
    extractor, windows = batch.extractor, list(batch.windows)
    started = time.perf_counter()
    uploaded = started
    try:
        if type(extractor).run is WindowExtractor.run:
            tensors = extractor.upload(windows, runtime)
            if runtime.device.type == "cuda":
                torch.cuda.synchronize(runtime.device)
            uploaded = time.perf_counter()
            extractor.collect(extractor.launch(tensors, runtime))
        else:
            extractor.run(windows, runtime)
    except AvmeterError:
        pass
    stages.transfer += uploaded - started
    stages.forward += time.perf_counter() - uploaded


class _TimedMedia:
    """A media item that counts the seconds in which it decodes."""

    def __init__(self, item: MediaItem) -> None:
        self.item = item
        self.decode_s = 0.0

    def audio(self, spec: Any) -> Any:
        """Return the waveform, as the item does: decoded, mixed down and resampled."""
        return self._timed(lambda: self.item.audio(spec))

    def frames(self, request: Any) -> Any:
        """Return frames, as the item does."""
        return self._timed(lambda: self.item.frames(request))

    def __getattr__(self, name: str) -> Any:
        return self._timed(lambda: getattr(self.item, name))

    def _timed(self, read: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return read()
        finally:
            self.decode_s += time.perf_counter() - started
