"""What every executor is, and what all of them do alike: split a run into chunks, report progress, finish corpora.

An executor differs from another in where a chunk runs and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

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


class Executor(Protocol):
    """Turns samples into scores."""

    @property
    def counts(self) -> Counts:
        """What has been computed so far."""

    def run(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        progress: Progress | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> tuple[list[Row], Row]:
        """Return the results of every sample, in order, and those of the corpus; once stopped, skips for the rest."""

    def unload(self) -> None:
        """Drop networks and end processes; they come again when needed."""


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
        """Note that a share of a chunk, 0 to 1, is done; a smaller one than before counts for nothing."""
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


class RunChunks(Protocol):
    """The part of a run in which executors differ."""

    def __call__(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[list[Row]]:
        """Yield the rows of one chunk after the other, in order, and bring the corpus states up to it."""


def run_in_chunks(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    run_chunks: RunChunks,
    *,
    chunk_size: int,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = never,
) -> tuple[list[Row], Row]:
    """Return the results of every sample, in order, and those of the corpus.

    Args:
        samples: Samples of the run.
        metrics: Name -> metric.
        run_chunks: Runs the chunks, wherever that is.
        chunk_size: Samples of a chunk; the last may have fewer.
        progress: Called with (samples done, samples in all).
        should_stop: Once it returns True, the rest and the corpus are skips.
    """
    starts = range(0, len(samples), chunk_size)
    chunks = [Chunk(start=start, samples=samples[start : start + chunk_size]) for start in starts]
    states = start_states(metrics)
    run_progress = RunProgress(progress, len(samples))
    rows: list[Row] = []
    for chunk, chunk_rows in zip(chunks, run_chunks(chunks, metrics, states, run_progress, should_stop), strict=True):
        rows.extend({name: row[name] for name in metrics if name in row} for row in chunk_rows)
        run_progress.finish(chunk)
    # Metrics of the corpus alone have no rows: their states count what was left out.
    is_partial = any(r.skip == INTERRUPTED for row in rows for r in row.values())
    if is_partial or any(INTERRUPTED.code in (*s.left_out, *s.left_out_references) for s in states.values()):
        return rows, {name: MetricResult.skipped(name, INTERRUPTED) for name in states}
    return rows, finish_states(metrics, states)
