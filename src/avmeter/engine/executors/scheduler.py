"""Which worker has which chunk of a run, and what becomes of a chunk whose worker died."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.scoring import skip_chunk
from avmeter.engine.failures import never
from avmeter.errors import SkipCode
from avmeter.metrics.base import Metric
from avmeter.result import Skip

WorkerT = TypeVar("WorkerT", bound=Hashable)

logger = logging.getLogger("avmeter")
_ATTEMPTS = 2
_MAX_DEATHS_IN_A_ROW = 3
_POLL_S = 0.1


@dataclass(eq=False)
class _History(Generic[WorkerT]):
    """What is known of a chunk: which workers died over it, and its result."""

    deaths: list[WorkerT] = field(default_factory=list)
    result: ChunkResult | None = None


class ChunkScheduler(Generic[WorkerT]):
    """Hands chunks to workers, each of which is driven by a thread of its own.

    A chunk that a worker died over goes to another one, as long as there is another; a worker that dies over one chunk
    after the other gets no more of them. The thread that waits for the run may be interrupted at any step: what it
    calls takes no lock but a plain one, which `with` always releases.

    Args:
        chunks: The run.
        metrics: Name -> metric, for the results of chunks that have to be skipped.
    """

    def __init__(self, chunks: Sequence[Chunk], metrics: Mapping[str, Metric]) -> None:
        self.metrics = metrics
        self._failure: BaseException | None = None
        self._history: dict[Chunk, _History[WorkerT]] = {chunk: _History() for chunk in chunks}
        self._queue = deque(chunks)
        self._assigned: dict[WorkerT, Chunk | None] = {}
        self._num_workers = 0
        self._unstartable: set[WorkerT] = set()
        self._deaths_in_a_row: Counter[WorkerT] = Counter()
        self._is_closed = False
        self._news: SimpleQueue[tuple[Chunk, float] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def register(self, worker: WorkerT) -> None:
        """Add a worker that will ask for chunks; before any of them does."""
        self._assigned[worker] = None
        self._num_workers += 1

    def unregister(self, worker: WorkerT) -> None:
        """Remove a worker."""
        with self._lock:
            del self._assigned[worker]
            self._news.put(None)
            self._changed.notify_all()

    def wait(self, should_stop: Callable[[], bool] = never) -> Iterator[tuple[Chunk, float]]:
        """Yield chunks and the shares of them that are done, until every worker is unregistered.

        Args:
            should_stop: Once it returns True, nothing is waited for.

        Raises:
            BaseException: What made the run itself fail.
        """
        for _ in range(self._num_workers):
            while (news := self._next_news(should_stop)) is not None:
                yield news
            if self._failure is not None:
                raise self._failure

    def _next_news(self, should_stop: Callable[[], bool]) -> tuple[Chunk, float] | None:
        while not should_stop():
            with contextlib.suppress(Empty):
                return self._news.get(timeout=_POLL_S)
        return None

    def result(self, chunk: Chunk) -> ChunkResult | None:
        """Return the result of a chunk; None if no worker could begin it."""
        return self._history[chunk].result

    def next_chunk(self, worker: WorkerT) -> Chunk | None:
        """Return the next chunk for this worker, or None when there is none left for it.

        Waits while other workers have chunks that may come back.
        """
        with self._lock:
            while not self._is_closed and worker not in self._unstartable:
                others = [w for w in self._assigned if w is not worker]
                if others and self._deaths_in_a_row[worker] >= _MAX_DEATHS_IN_A_ROW:
                    return None
                allowed = (c for c in self._queue if worker not in self._history[c].deaths or not others)
                chunk = next(allowed, None)
                if chunk is not None:
                    self._queue.remove(chunk)
                    self._assigned[worker] = chunk
                    return chunk
                if not self._queue and not any(self._assigned[w] for w in others):
                    return None
                self._changed.wait()
            return None

    def report_progress(self, chunk: Chunk, share: float) -> None:
        """Note which share of a chunk, 0 to 1, is done."""
        self._news.put((chunk, share))

    def finish(self, worker: WorkerT, chunk: Chunk, result: ChunkResult) -> None:
        """Note the result of a chunk."""
        self._history[chunk].result = result
        self.report_progress(chunk, 1.0)
        self._deaths_in_a_row[worker] = 0
        self.release(worker)

    def report_failed_start(self, worker: WorkerT, chunk: Chunk, reason: str) -> None:
        """Take a chunk back that a worker could not even begin, and give it no other."""
        logger.warning("%s", reason)
        self._unstartable.add(worker)
        if self._history[chunk].deaths:  # nobody else may be there to take it, and this process must not try it
            self._skip(worker, chunk)
        else:
            self._requeue(worker, chunk)

    def report_death(self, worker: WorkerT, chunk: Chunk, device: str) -> None:
        """Take a chunk back whose worker died, or skip its samples when that was not the first time."""
        if self._is_closed:
            return
        deaths = self._history[chunk].deaths
        deaths.append(worker)
        self._deaths_in_a_row[worker] += 1
        end = chunk.start + len(chunk.samples)
        logger.warning("the worker on %s died over samples %d to %d", device, chunk.start, end)
        if len(deaths) < _ATTEMPTS:
            self._requeue(worker, chunk)
        else:
            self._skip(worker, chunk)

    def fail(self, error: BaseException) -> None:
        """Stop all workers: something is wrong with the run itself."""
        self._failure = self._failure or error
        self.close()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()

    def _skip(self, worker: WorkerT, chunk: Chunk) -> None:
        num_deaths = len(self._history[chunk].deaths)
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"the process that computed this chunk of {len(chunk.samples)} samples died"
            + (f" {num_deaths} times" if num_deaths > 1 else ""),
            hint="memory ran out, or a file breaks a library; `num_gpus=1` shows more",
        )
        self._history[chunk].result = skip_chunk(chunk.samples, self.metrics, skip)
        self.report_progress(chunk, 1.0)
        self.release(worker)

    def _requeue(self, worker: WorkerT, chunk: Chunk) -> None:
        with self._lock:
            self._queue.append(chunk)
        self.release(worker)

    def release(self, worker: WorkerT) -> None:
        """Note that a worker has no chunk."""
        with self._lock:
            self._assigned[worker] = None
            self._changed.notify_all()
