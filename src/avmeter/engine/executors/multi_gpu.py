"""A run on several devices of this machine: a process for each, which takes chunks as it needs them.

Results do not depend on which worker had which chunk: states are merged in the order of the samples.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import Chunk, ChunkResult, RunProgress
from avmeter.engine.executors.local import GPU_CHUNK_SIZE, ChunkWork, LocalExecutor
from avmeter.engine.executors.messages import (
    ChunkDone,
    ChunkShare,
    ChunkTask,
    PartsDone,
    WantsChunk,
    WorkerFault,
    hashes_of,
)
from avmeter.engine.executors.pieces import Piece, falling_sizes
from avmeter.engine.executors.portable import can_travel, extractor_modules
from avmeter.engine.executors.remote import RemoteExecutor
from avmeter.engine.executors.scheduler import PieceScheduler
from avmeter.engine.failures import INTERRUPTED
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.engine.run_log import failure_logger
from avmeter.media import remember_hashes
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_GRACE_S, _STOP_GRACE_S, _POLL_S = 10.0, 1.5, 0.1


class MultiGpuExecutor(RemoteExecutor):
    """Runs chunks on several devices at once.

    Args:
        config: What every worker is configured with.
        devices: One worker for each.
        local: Runs here what cannot run in a worker.
        chunk_size: The most samples a worker takes at once.
        workers: Processes in place of the usual ones, one for each device.
    """

    def __init__(
        self,
        config: EvaluatorConfig,
        devices: Sequence[str],
        local: LocalExecutor,
        *,
        chunk_size: int = GPU_CHUNK_SIZE,
        workers: Sequence[Process] | None = None,
    ) -> None:
        super().__init__(local)
        self._configs = [config.for_worker(device, num_workers=len(devices)) for device in devices]
        self.workers = [gpu_worker() for _ in devices] if workers is None else list(workers)
        self._chunk_size = chunk_size
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        weakref.finalize(self, _stop, self.workers, gracefully=False)

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable names of the devices."""
        return [describe_device(config.torch_device) for config in self._configs]

    def unload(self) -> None:
        """End the workers, and drop the networks of this process; all come again when needed."""
        _stop(self.workers, gracefully=True)
        self._local.unload()

    def _chunk_sizes(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> Iterable[int]:
        return falling_sizes(len(samples), most=self._chunk_size, num_workers=len(self.workers))

    def _remote_results(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Yield one chunk after the other, as soon as those before it are done, with what the workers made of it."""
        scheduler: PieceScheduler[Process] = PieceScheduler(chunks, metrics)
        threads = self._threads(scheduler, len(chunks))
        try:
            for thread in threads:
                thread.start()
            for chunk, share in scheduler.wait(should_stop):
                progress.update(chunk, share)
                yield from scheduler.pop_finished()
                yield from self._compute_here(scheduler, scheduler.take_reserved, progress, should_stop)
        except BaseException:
            scheduler.close()
            self._end(threads, grace_s=_GRACE_S)
            raise
        if should_stop():
            scheduler.close()
            self._end(threads, grace_s=_STOP_GRACE_S)
        for thread in threads:
            thread.join()
        yield from self._compute_here(scheduler, scheduler.take_leftover, progress, should_stop)
        scheduler.skip_unfinished(INTERRUPTED)
        yield from scheduler.pop_finished()

    def _compute_here(
        self,
        scheduler: PieceScheduler[Process],
        take: Callable[[], Piece | None],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Compute pieces in this process, and yield the chunks that are done with them, as long as there are some."""
        first = take()
        if first is None:
            return
        begun: deque[Piece] = deque()

        def works() -> Iterator[ChunkWork]:
            piece: Piece | None = first
            while piece is not None:
                begun.append(piece)
                report = functools.partial(_report_piece, scheduler, progress, piece)
                yield ChunkWork(samples=piece.samples, metrics=scheduler.metrics, progress=report)
                piece = take()

        with contextlib.closing(self._local.run_stream(works(), should_stop)) as results:
            for result in results:
                scheduler.finish_leftover(begun.popleft(), result)
                yield from scheduler.pop_finished()

    def _threads(self, scheduler: PieceScheduler[Process], num_chunks: int) -> list[threading.Thread]:
        """Return the threads that drive the workers, not started yet; there are no more than chunks."""
        threads = []
        for worker, config in zip(self.workers[:num_chunks], self._configs, strict=False):
            scheduler.register(worker)
            threads.append(threading.Thread(target=self._drive, args=(worker, config, scheduler), daemon=True))
        return threads

    def _end(self, threads: Sequence[threading.Thread], *, grace_s: float) -> None:
        """End all workers, and the threads that drive them."""
        try:
            _stop(self.workers, gracefully=True, grace_s=grace_s)
        finally:
            while any(thread.is_alive() for thread in threads):  # one may just have started its worker again
                _stop(self.workers, gracefully=False)
                for thread in threads:
                    thread.join(_POLL_S)

    def _setup(self, config: EvaluatorConfig) -> Any:
        """Return the first message to a worker."""
        return config

    def _drive(self, worker: Process, config: EvaluatorConfig, scheduler: PieceScheduler[Process]) -> None:
        """Have one worker compute pieces until none is left for it."""
        try:
            while (piece := _next_piece(worker, scheduler)) is not None:
                try:
                    for counts in self._compute_pieces(worker, config, piece, scheduler):
                        with self._lock:
                            self._counts = self._counts.plus(counts)
                except (EOFError, OSError):
                    worker.stop()
                    scheduler.report_death(worker, config.device)
                except CannotStartError as error:
                    scheduler.report_failed_start(worker, f"no worker on {config.device} ({error})")
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            worker.stop()  # the next run must not read what this one has left in the channel
            scheduler.fail(error)
        finally:
            scheduler.unregister(worker)

    def _compute_pieces(
        self, worker: Process, config: EvaluatorConfig, piece: Piece, scheduler: PieceScheduler[Process]
    ) -> Iterator[Counts]:
        """Have a worker compute a piece, and others as it wants them, and yield what it computed for each."""
        is_new = worker.pid is None
        channel = worker.connect()
        if is_new:
            channel.send(self._setup(config))
        modules = extractor_modules(scheduler.metrics.values())
        held: dict[int, Piece] = {}
        number = -1
        given: Piece | None = piece
        while given is not None or held:
            if given is not None:
                number = next(self._numbers)
                task = ChunkTask(
                    number=number,
                    samples=given.samples,
                    metrics=scheduler.metrics,
                    modules=modules,
                    hashes=hashes_of(given.samples),
                )
                channel.send(task)
                held[number], given = given, None
            message = channel.receive()
            if isinstance(message, WantsChunk):
                if message.after == number:  # else what it wants is on its way: the first piece is sent unasked
                    given = _next_piece(worker, scheduler)
            elif isinstance(message, ChunkShare):
                scheduler.report_progress(held[message.number], message.share)
            elif isinstance(message, ChunkDone | PartsDone):
                if message.log:
                    failure_logger().debug("the worker on %s logged:\n%s", config.device, message.log)
                if isinstance(message, PartsDone):
                    remember_hashes(message.hashes)
                parts = message.parts if isinstance(message, PartsDone) else {0: message.result}
                scheduler.finish_parts(worker, held.pop(message.number), parts)
                yield message.counts
            elif isinstance(message, WorkerFault):
                logger.error("the worker on %s ended:\n%s", config.device, message.traceback)


def _report_piece(scheduler: PieceScheduler[Process], progress: RunProgress, piece: Piece, share: float) -> None:
    progress.update(piece.chunk, scheduler.share_done(piece, share))


def gpu_worker() -> Process:
    """Return a process that runs chunks, not started yet."""
    return Process("avmeter.engine.executors.gpu_worker")


def _next_piece(worker: Process, scheduler: PieceScheduler[Process]) -> Piece | None:
    """Return the next piece for a worker; those that cannot be sent are left to the run itself."""
    while (piece := scheduler.next_piece(worker)) is not None and not can_travel(piece.samples):
        scheduler.finish_parts(worker, piece, {})
    return piece


def _stop(workers: Sequence[Process], *, gracefully: bool, grace_s: float = _GRACE_S) -> None:
    """End all workers; gracefully: with the time to store what they have."""
    for worker in workers if gracefully else ():
        worker.interrupt()
    for worker in workers:
        worker.stop(grace_s=grace_s if gracefully else 0.0)
