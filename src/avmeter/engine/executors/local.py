"""A run in this process: chunks of samples, one after the other, on one device."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Mapping, Sequence

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.base import (
    Chunk,
    ChunkResult,
    OnRows,
    Progress,
    Row,
    RunProgress,
    RunWatch,
    finish_run,
    run_in_chunks,
)
from avmeter.engine.executors.corpus import CorpusState, merge_states, start_states
from avmeter.engine.executors.scoring import score_chunk, skip_chunk
from avmeter.engine.failures import INTERRUPTED, never
from avmeter.engine.plan import make_plan
from avmeter.features.base import Extractor
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device
from avmeter.sample import Sample

CHUNK_SIZE = 128
GPU_CHUNK_SIZE = 512  # a GPU idles while the first clips of a chunk are decoded


class LocalExecutor:
    """Runs chunks one after the other on the computer's device.

    Args:
        computer: Computes features.
        chunk_size: Samples whose features are in memory at once; default is 128, and 512 on a GPU.
    """

    def __init__(self, computer: FeatureComputer, *, chunk_size: int | None = None) -> None:
        self.computer = computer
        on_gpu = computer.runtime.device.type == "cuda"
        self._chunk_size = chunk_size or (GPU_CHUNK_SIZE if on_gpu else CHUNK_SIZE)
        self.extractors: dict[str, Extractor] = {}

    @property
    def counts(self) -> Counts:
        """What has been computed so far."""
        return self.computer.counts

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable name of the device."""
        return [describe_device(self.computer.runtime.device)]

    def unload(self) -> None:
        """Drop networks and end decoding processes; they come again when needed."""
        self.computer.unload()

    def run(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        progress: Progress | None = None,
        should_stop: Callable[[], bool] = never,
        *,
        on_rows: OnRows | None = None,
    ) -> tuple[list[Row], Row]:
        """Return the results of every sample, in order, and those of the corpus; once stopped, skips for the rest."""
        watch = RunWatch(progress=progress, should_stop=should_stop, on_rows=on_rows)
        return finish_run(metrics, self._run(samples, metrics, watch, of_part=False))

    def run_part(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        progress: Progress | None = None,
        should_stop: Callable[[], bool] = never,
        *,
        on_rows: OnRows | None = None,
    ) -> ChunkResult:
        """Return the results of every sample of a part of a set, in order, and the corpus states over the part."""
        watch = RunWatch(progress=progress, should_stop=should_stop, on_rows=on_rows)
        return self._run(samples, metrics, watch, of_part=True)

    def _run(
        self, samples: Sequence[Sample], metrics: Mapping[str, Metric], watch: RunWatch, *, of_part: bool
    ) -> ChunkResult:
        size = self._chunk_size
        return run_in_chunks(samples, metrics, self._run_chunks, chunk_size=size, watch=watch, of_part=of_part)

    def run_chunk(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        *,
        states: dict[str, CorpusState] | None = None,
        progress: Callable[[float], None] | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> ChunkResult:
        """Return the results of one chunk.

        Args:
            samples: The chunk.
            metrics: Name -> metric.
            states: Corpus states to fold the samples into; default is those of a part, for the caller to merge.
            progress: Called with the share of the chunk that is done.
            should_stop: Once it returns True, what is missing becomes a skip.
        """
        plan = make_plan(samples, metrics, self.extractors)
        outcomes = self.computer.compute(plan, progress, should_stop)
        states = start_states(metrics, of_part=True) if states is None else states
        return ChunkResult(rows=score_chunk(samples, metrics, plan, outcomes, states), states=states)

    def _run_chunks(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Generator[list[Row], None, None]:
        for chunk in chunks:
            if should_stop():
                skipped = skip_chunk(chunk.samples, metrics, INTERRUPTED)
                states.update(merge_states(metrics, states, skipped.states))
                yield skipped.rows
                continue
            update = functools.partial(progress.update, chunk)
            yield self.run_chunk(chunk.samples, metrics, states=states, progress=update, should_stop=should_stop).rows
