"""What every executor is, and what all of them do alike: split a run into chunks, report progress, finish corpora.

An executor differs from another in where a chunk runs and in nothing else.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.corpus import CorpusState, finish_states, start_states
from avmeter.engine.failures import INTERRUPTED, never
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult
from avmeter.sample import Sample

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all); the first number only grows."""

Row = dict[str, MetricResult]
"""Results of one sample by metric name."""

OnRows = Callable[[Sequence[Sample], Sequence[Row]], None]
"""Called with the samples and rows of one chunk after the other, in order, as soon as they are known."""


@dataclass(frozen=True, kw_only=True)
class RunWatch:
    """Who follows a run, and may stop it.

    Attributes:
        progress: Called with (samples done, samples in all).
        should_stop: Called every now and then; once it returns True, the rest are skips.
        on_rows: Called with the rows of each chunk.
    """

    progress: Progress | None = None
    should_stop: Callable[[], bool] = never
    on_rows: OnRows | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """Consecutive samples of a run, and the position of the first of them."""

    start: int
    samples: Sequence[Sample]


@dataclass(kw_only=True)
class ChunkResult:
    """Results of the samples of a chunk, in order, and the corpus states over it."""

    rows: list[Row] = field(default_factory=list)
    states: dict[str, CorpusState] = field(default_factory=dict)


class RunProgress:
    """Progress of a whole run from that of its chunks.

    Args:
        progress: Is called when more samples are done than before.
        num_samples: Samples of the run.
    """

    def __init__(self, progress: Progress | None, num_samples: int) -> None:
        self._progress = progress
        self._num_samples = num_samples
        self._num_finished = 0  # samples of finished chunks
        self._running: dict[int, float] = {}  # start of a chunk -> how many of its samples are done
        self._num_reported = 0

    def update(self, chunk: Chunk, share: float) -> None:
        """Note that a share of a chunk, 0 to 1, is done.

        A smaller one than before counts for nothing, as does late news of a chunk that is done: they end in order.
        """
        if chunk.start < self._num_finished:
            return
        done = share * len(chunk.samples)
        self._running[chunk.start] = max(done, self._running.get(chunk.start, 0.0))
        self._report()

    def finish(self, chunk: Chunk) -> None:
        """Note that a chunk is done."""
        self._running.pop(chunk.start, None)
        self._num_finished += len(chunk.samples)
        self._report()

    def _report(self) -> None:
        done = self._num_finished + int(sum(self._running.values()) + 1e-9)
        if self._progress is not None and done > self._num_reported:
            self._num_reported = done
            self._progress(done, self._num_samples)


class Executor(ABC):
    """Turns samples into scores."""

    @property
    @abstractmethod
    def counts(self) -> Counts:
        """What has been computed so far."""

    @property
    @abstractmethod
    def devices(self) -> Sequence[str]:
        """Human-readable names of the devices that compute, or have computed where they are found on the way."""

    @abstractmethod
    def unload(self) -> None:
        """Drop networks and end processes; they come again when needed."""

    @abstractmethod
    def _chunk_sizes(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> Iterable[int]:
        """Return how many samples each chunk has; the last may have fewer."""

    @abstractmethod
    def _run_chunks(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Generator[list[Row], None, None]:
        """Yield the rows of one chunk after the other, in order, and bring the corpus states up to it."""

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
        chunks = cut(samples, self._chunk_sizes(samples, metrics))
        states = start_states(metrics, of_part=of_part)
        run_progress = RunProgress(watch.progress, len(samples))
        rows: list[Row] = []
        by_chunk = self._run_chunks(chunks, metrics, states, run_progress, watch.should_stop)
        with contextlib.closing(by_chunk):  # what it started ends with the run, also with one that fails
            for chunk, chunk_rows in zip(chunks, by_chunk, strict=True):
                in_order = [{name: row[name] for name in metrics if name in row} for row in chunk_rows]
                rows.extend(in_order)
                if watch.on_rows is not None:
                    watch.on_rows(chunk.samples, in_order)
                run_progress.finish(chunk)
        return ChunkResult(rows=rows, states=states)


def cut(samples: Sequence[Sample], sizes: Iterable[int]) -> list[Chunk]:
    """Return consecutive chunks of these sizes, up to the last sample."""
    chunks, start, remaining_sizes = [], 0, iter(sizes)
    while start < len(samples):
        end = start + next(remaining_sizes)
        chunks.append(Chunk(start=start, samples=samples[start:end]))
        start = end
    return chunks


def finish_run(metrics: Mapping[str, Metric], result: ChunkResult) -> tuple[list[Row], Row]:
    """Return the rows of a whole run and the results of its corpus, which are skips where the run was ended early."""
    if is_interrupted(result):
        return result.rows, {name: MetricResult.skipped(name, INTERRUPTED) for name in result.states}
    return result.rows, finish_states(metrics, result.states)


def is_interrupted(result: ChunkResult) -> bool:
    """Return True if the run, or this part of it, was ended early."""
    # Metrics of the corpus alone have no rows: their states count what was left out.
    return any(
        r.skip is not None and r.skip.code == INTERRUPTED.code for row in result.rows for r in row.values()
    ) or any(INTERRUPTED.code in (*s.left_out, *s.left_out_references) for s in result.states.values())
