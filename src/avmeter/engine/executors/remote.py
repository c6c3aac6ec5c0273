"""What executors do alike whose chunks run in other processes: metrics that these cannot import run here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.base import Chunk, ChunkResult, Executor, Row, RunProgress
from avmeter.engine.executors.corpus import CorpusState, merge_states
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.portable import is_portable
from avmeter.metrics.base import Metric


class RemoteExecutor(Executor):
    """Runs chunks elsewhere; what another process cannot import is computed in this one, chunk by chunk, afterwards.

    Args:
        local: Runs here what cannot run elsewhere.
    """

    def __init__(self, local: LocalExecutor) -> None:
        self._local = local
        self._counts = Counts()

    @property
    def counts(self) -> Counts:
        """What has been computed so far, by all."""
        return self._counts.plus(self._local.counts)

    @abstractmethod
    def _remote_results(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Yield one chunk after the other, as soon as those before it are done, with what came of it elsewhere."""

    def _run_chunks(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Generator[list[Row], None, None]:
        remote = {n: m for n, m in metrics.items() if is_portable(m)}
        here = {n: m for n, m in metrics.items() if n not in remote}
        nothing = ((chunk, ChunkResult(rows=[{} for _ in chunk.samples])) for chunk in chunks)
        results = self._remote_results(chunks, remote, progress, should_stop) if remote and chunks else nothing
        for chunk, result in results:
            states.update(merge_states(metrics, states, result.states))
            rows = result.rows
            if here:
                rows_here = self._local.run_chunk(chunk.samples, here, states=states, should_stop=should_stop).rows
                rows = [a | b for a, b in zip(rows, rows_here, strict=True)]
            yield rows
