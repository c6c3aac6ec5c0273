"""Chunks of a run on several devices: which worker has which, and what becomes of one whose worker died."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from avmeter.engine.executors.local import ChunkResult, skipped_chunk
from avmeter.engine.ipc.process import Process
from avmeter.errors import SkipCode
from avmeter.metrics.base import Metric
from avmeter.result import Skip
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_ATTEMPTS = 2
_MOST_DEATHS = 3


@dataclass(eq=False)
class Chunk:
    """Part of a run: where its samples begin, what is known of it, which workers died over it."""

    start: int
    samples: Sequence[Sample]
    share: float = 0.0
    died: list[Process] = field(default_factory=list)
    result: ChunkResult | None = None


class Work:
    """Chunks still to be done, shared by the threads that drive the workers.

    A chunk that a worker died over goes to another one, as long as there is another; a worker that dies over one chunk
    after the other gets no more of them.
    """

    def __init__(self, chunks: Sequence[Chunk], metrics: Mapping[str, Metric], num_samples: int) -> None:
        self.metrics = metrics
        self.num_samples = num_samples
        self._failure: BaseException | None = None
        self._chunks = chunks
        self._queue = deque(chunks)
        self._at_work: dict[Process, Chunk | None] = {}
        self._num_workers = 0
        self._refusing: set[Process] = set()
        self._deaths_in_a_row: Counter[Process] = Counter()
        self._is_closed = False
        self._news: SimpleQueue[int | None] = SimpleQueue()
        self._told = 0
        self._changed = threading.Condition()

    @property
    def num_chunks(self) -> int:
        """How many there are."""
        return len(self._chunks)

    def join(self, worker: Process) -> None:
        """A worker that will take chunks."""
        self._at_work[worker] = None
        self._num_workers += 1

    def leave(self, worker: Process) -> None:
        """It takes no more of them."""
        with self._changed:
            del self._at_work[worker]
            self._news.put(None)
            self._changed.notify_all()

    def wait(self) -> Iterator[int]:
        """Numbers of samples that are done, growing, until every worker has left.

        Raises:
            BaseException: What made the run itself fail.
        """
        for _ in range(self._num_workers):
            while (done := self._news.get()) is not None:
                yield done
            if self._failure is not None:
                raise self._failure

    def take(self, worker: Process) -> Chunk | None:
        """The next chunk for this worker; waits while others are at chunks that may come back."""
        with self._changed:
            while not self._is_closed and worker not in self._refusing:
                others = [w for w in self._at_work if w is not worker]
                if others and self._deaths_in_a_row[worker] >= _MOST_DEATHS:
                    return None
                chunk = next((c for c in self._queue if worker not in c.died or not others), None)
                if chunk is not None:
                    self._queue.remove(chunk)
                    self._at_work[worker] = chunk
                    return chunk
                if not self._queue and not any(self._at_work[w] for w in others):
                    return None
                self._changed.wait()
            return None

    def done(self, worker: Process, chunk: Chunk, result: ChunkResult) -> None:
        """Note the result of a chunk."""
        chunk.result = result
        self.tell(chunk, 1.0)
        self._deaths_in_a_row[worker] = 0
        self._put_down(worker)

    def refuse(self, worker: Process, chunk: Chunk, why: str) -> None:
        """Give a chunk back that a worker could not even begin, and let it begin no other."""
        logger.warning("%s", why)
        self._refusing.add(worker)
        if chunk.died:  # nobody else may be there to take it, and it is not to be tried in this process
            self._skip(worker, chunk)
        else:
            self._give_back(worker, chunk)

    def died(self, worker: Process, chunk: Chunk, device: str) -> None:
        """Give a chunk back whose worker died, or skip its samples when that was not the first time."""
        if self._is_closed:
            return
        chunk.died.append(worker)
        self._deaths_in_a_row[worker] += 1
        logger.warning(
            "the worker on %s died over samples %d to %d", device, chunk.start, chunk.start + len(chunk.samples)
        )
        if len(chunk.died) < _ATTEMPTS:
            self._give_back(worker, chunk)
        else:
            self._skip(worker, chunk)

    def _skip(self, worker: Process, chunk: Chunk) -> None:
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"the process that computed this chunk of {len(chunk.samples)} samples died"
            + (f" {len(chunk.died)} times" if len(chunk.died) > 1 else ""),
            hint="memory ran out, or a file breaks a library; `num_gpus=1` shows more",
        )
        chunk.result = skipped_chunk(chunk.samples, self.metrics, skip)
        self.tell(chunk, 1.0)
        self._put_down(worker)

    def _give_back(self, worker: Process, chunk: Chunk) -> None:
        with self._changed:
            self._queue.append(chunk)
        self._put_down(worker)

    def _put_down(self, worker: Process) -> None:
        with self._changed:
            self._at_work[worker] = None
            self._changed.notify_all()

    def tell(self, chunk: Chunk, share: float) -> None:
        """Note how far a chunk is; numbers only grow."""
        with self._changed:
            chunk.share = max(chunk.share, share)
            done = int(sum(c.share * len(c.samples) for c in self._chunks) + 1e-9)
            if done > self._told:
                self._told = done
                self._news.put(done)

    def fail(self, error: BaseException) -> None:
        """Stop everybody: something is wrong with the run itself."""
        self._failure = self._failure or error
        self.close()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
