"""A run in this process: chunks of samples that flow through one device."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.stream import PlannedWork
from avmeter.engine.executors.base import Chunk, ChunkResult, Executor, Row, RunProgress
from avmeter.engine.executors.corpus import CorpusState, merge_states, start_states
from avmeter.engine.executors.scoring import score_chunk, skip_chunk
from avmeter.engine.failures import INTERRUPTED, never
from avmeter.engine.plan import Plan, make_plan
from avmeter.features.base import Extractor
from avmeter.metrics.base import Metric
from avmeter.metrics.simple_form import SimpleAdapter
from avmeter.runtime.device import describe_device
from avmeter.sample import Sample

CHUNK_SIZE = 32
GPU_CHUNK_SIZE = 128
_OPEN_CHUNKS = 4  # their features are in memory at once: enough to decode on while the oldest waits for a slow clip


@dataclass(frozen=True, eq=False, kw_only=True)
class ChunkWork:
    """A chunk to compute.

    Attributes:
        samples: The chunk.
        metrics: Name -> metric.
        states: Corpus states to fold the samples into; default is those of a part, for the caller to merge.
        progress: Called with the share of the chunk that is done.
    """

    samples: Sequence[Sample]
    metrics: Mapping[str, Metric]
    states: dict[str, CorpusState] | None = None
    progress: Callable[[float], None] | None = None


class LocalExecutor(Executor):
    """Runs chunks on the computer's device; the next are decoded while one is computed.

    Args:
        computer: Computes features.
        chunk_size: Samples that are scored at once; default is 32, and 128 on a GPU. The features of four times as many
            are in memory.
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

    def run_chunk(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        *,
        states: dict[str, CorpusState] | None = None,
        progress: Callable[[float], None] | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> ChunkResult:
        """Return the results of one chunk, as `ChunkWork`; once `should_stop` returns True, skips for the rest."""
        work = ChunkWork(samples=samples, metrics=metrics, states=states, progress=progress)
        with contextlib.closing(self.run_stream([work], should_stop)) as results:
            return next(results, None) or _skipped(work)

    def run_stream(
        self, works: Iterable[ChunkWork], should_stop: Callable[[], bool] = never, *, max_open: int = _OPEN_CHUNKS
    ) -> Generator[ChunkResult, None, None]:
        """Yield the results of chunks, in order.

        Args:
            works: The chunks; taken in another thread, when there is soon nothing to decode.
            should_stop: Once it returns True, what is missing of the chunks at hand becomes a skip, and those that were
                not begun do not come.
            max_open: Chunks whose features are in memory at once; with 1 none is begun before the last is scored.
        """
        begun: deque[tuple[ChunkWork, Plan]] = deque()

        def planned() -> Iterator[PlannedWork]:
            for work in works:
                begun.append((work, make_plan(work.samples, work.metrics, self.extractors)))
                yield begun[-1][1], work.progress

        with contextlib.closing(self.computer.stream(planned(), should_stop, max_open=max_open)) as computed:
            for done in computed:
                work, plan = begun.popleft()
                states = start_states(work.metrics, of_part=True) if work.states is None else work.states
                rows = score_chunk(work.samples, work.metrics, plan, done.outcomes, states)
                del done
                yield ChunkResult(rows=rows, states=states)

    def _chunk_sizes(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> Iterable[int]:
        return itertools.repeat(self._chunk_size)

    def _run_chunks(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Generator[list[Row], None, None]:
        works = [
            ChunkWork(samples=c.samples, metrics=metrics, states=states, progress=functools.partial(progress.update, c))
            for c in chunks
        ]
        # A metric in the simple form may run a network of its own, under the program's own settings.
        max_open = 1 if any(isinstance(metric, SimpleAdapter) for metric in metrics.values()) else _OPEN_CHUNKS
        with contextlib.closing(self.run_stream(works, should_stop, max_open=max_open)) as results:
            for work in works:
                yield (next(results, None) or _skipped(work)).rows


def _skipped(work: ChunkWork) -> ChunkResult:
    """Return the result of a chunk that was not begun before the run was stopped."""
    skipped = skip_chunk(work.samples, work.metrics, INTERRUPTED)
    if work.states is None:
        return skipped
    work.states.update(merge_states(work.metrics, work.states, skipped.states))
    return ChunkResult(rows=skipped.rows, states=work.states)
