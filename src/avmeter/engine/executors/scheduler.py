"""Which worker has which piece of a run, and who tries a piece again that a worker died over."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.blame import Blame, WorkerT
from avmeter.engine.executors.pieces import Piece, PieceQueue
from avmeter.engine.failures import never
from avmeter.metrics.base import Metric
from avmeter.result import Skip

logger = logging.getLogger("avmeter")
_POLL_S = 0.1


class PieceScheduler(Generic[WorkerT]):
    """Hands pieces to workers, each of which is driven by a thread of its own.

    A piece that a worker died over goes to another one, as long as there is another, and to one that has not failed
    itself before one that has. A worker that dies over one piece after the other, over which nobody else dies,
    gets no more of them. A worker may have several pieces at once, but none beside one that somebody died over: it must
    be clear what kills. The thread that waits for the run may be interrupted at any step: what it calls takes no lock
    but a plain one, which `with` always releases.

    Args:
        chunks: The run.
        metrics: Name -> metric, for the results of samples that have to be skipped.
    """

    def __init__(self, chunks: Sequence[Chunk], metrics: Mapping[str, Metric]) -> None:
        self.metrics = metrics
        self._queue = PieceQueue(chunks, metrics, max_ahead=len(chunks))
        self._failure: BaseException | None = None
        self._assigned: dict[WorkerT, list[Piece]] = {}
        self._num_workers = 0
        self._unstartable: set[WorkerT] = set()
        self._blame: Blame[WorkerT] = Blame()
        self._is_closed = False
        self._news: SimpleQueue[tuple[Chunk, float] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def register(self, worker: WorkerT) -> None:
        """Add a worker that will ask for pieces; before any of them does."""
        self._assigned[worker] = []
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

    def pop_finished(self) -> list[tuple[Chunk, ChunkResult]]:
        """Return the chunks that are done and have no unfinished one before them, with their results, each once."""
        with self._lock:
            return list(self._queue.pop_finished())

    def next_piece(self, worker: WorkerT) -> Piece | None:
        """Return the next piece for this worker, or None when there is none for it.

        One that has no other piece waits while other workers have pieces that may come back.
        """
        with self._lock:
            held = self._assigned[worker]
            while not self._is_closed and worker not in self._unstartable:
                others = [w for w in self._assigned if w is not worker]
                if others and self._blame.is_broken(worker):
                    return None
                able = [w for w in self._assigned if w not in self._unstartable]
                piece = self._queue.take(partial(self._blame.may_retry, worker, able), held=held)
                if piece is not None:
                    held.append(piece)
                    return piece
                if held or (self._queue.is_empty and not any(self._assigned[w] for w in others)):
                    return None
                self._changed.wait()
            return None

    def report_progress(self, piece: Piece, share: float) -> None:
        """Note which share of a piece, 0 to 1, is done."""
        self._news.put((piece.chunk, share * piece.share))

    def finish(self, worker: WorkerT, piece: Piece, result: ChunkResult) -> None:
        """Note the result of a piece."""
        self.finish_parts(worker, piece, {0: result})

    def finish_parts(self, worker: WorkerT, piece: Piece, parts: Mapping[int, ChunkResult]) -> None:
        """Note results of parts of a piece, by the position of their first samples; the rest is for the run itself."""
        with self._lock:
            self._queue.finish_parts(piece, parts)
            self._blame.note_success(worker)
            self._assigned[worker].remove(piece)
            self._changed.notify_all()
        self.report_progress(piece, sum(len(r.rows) for r in parts.values()) / len(piece.samples))

    def report_failed_start(self, worker: WorkerT, reason: str) -> None:
        """Take back what a worker could not even begin, and give it nothing more."""
        if not self._is_closed:  # else it was ended, as everything is
            logger.warning("%s", reason)
        with self._lock:
            self._unstartable.add(worker)
            for piece in reversed(self._take_back(worker)):
                self._queue.give_back(piece)

    def report_death(self, worker: WorkerT, device: str) -> None:
        """Take back what a worker had when it died: each piece is tried again, split, or skipped by name."""
        with self._lock:
            if self._is_closed:
                return
            pieces = self._take_back(worker)
            logger.warning("the worker on %s died over %s", device, " and ".join(map(str, pieces)))
            self._blame.note_death(worker, *pieces)
            for piece in reversed(pieces):
                self._queue.report_death(piece)
                self._news.put((piece.chunk, 0.0))

    def _take_back(self, worker: WorkerT) -> list[Piece]:
        pieces, self._assigned[worker] = self._assigned[worker], []
        self._changed.notify_all()
        return pieces

    def take_reserved(self) -> Piece | None:
        """Return a piece that is reserved for the run itself, while workers have others."""
        with self._lock:
            return self._queue.take_reserved()

    def take_leftover(self) -> Piece | None:
        """Return a piece that no worker is left for and that killed none; what killed one is skipped by name.

        This process must not try that: it could end the run.
        """
        with self._lock:
            while (piece := self._queue.take()) is not None and piece.num_deaths:
                self._queue.skip(piece)
            return self._queue.take_reserved() if piece is None else piece

    def share_done(self, piece: Piece, share: float) -> float:
        """Return the share, 0 to 1, of its chunk that is done when this share of an unfinished piece is."""
        with self._lock:
            return self._queue.share_done(piece.chunk) + share * piece.share

    def finish_leftover(self, piece: Piece, result: ChunkResult) -> None:
        """Note the result of a piece that the run itself computed."""
        with self._lock:
            self._queue.finish(piece, result)

    def skip_unfinished(self, skip: Skip) -> None:
        """Skip every sample without a result, after the last worker has left."""
        with self._lock:
            self._queue.close(skip)

    def fail(self, error: BaseException) -> None:
        """Stop all workers: something is wrong with the run itself."""
        self._failure = self._failure or error
        self.close()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
