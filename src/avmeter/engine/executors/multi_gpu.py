"""A run on several devices of this machine: a process for each, which takes one chunk after the other.

Results do not depend on which worker had which chunk: states are merged in the order of the samples.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
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
from avmeter.engine.executors.corpus import CorpusState, merge_states
from avmeter.engine.executors.local import GPU_CHUNK_SIZE, LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, WorkerFault
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.portable import extractor_modules, is_portable
from avmeter.engine.executors.scheduler import PieceScheduler
from avmeter.engine.failures import INTERRUPTED, never
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.engine.run_log import failure_logger
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_CHUNKS_PER_WORKER = 2  # more would let GPUs idle at more beginnings, fewer let one wait for the last
_GRACE_S, _STOP_GRACE_S, _POLL_S = 10.0, 1.5, 0.1


class MultiGpuExecutor:
    """Runs chunks on several devices at once.

    Metrics that another process cannot import are computed in this one, chunk by chunk, after the others.

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
        self._configs = [config.for_worker(device, num_workers=len(devices)) for device in devices]
        self.workers = [gpu_worker() for _ in devices] if workers is None else list(workers)
        self._local = local
        self._chunk_size = chunk_size
        self._counts = Counts()
        self._lock = threading.Lock()
        weakref.finalize(self, _stop, self.workers, gracefully=False)

    @property
    def counts(self) -> Counts:
        """What has been computed so far, by all."""
        return self._counts.plus(self._local.counts)

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable names of the devices."""
        return [describe_device(config.torch_device) for config in self._configs]

    def unload(self) -> None:
        """End the workers, and drop the networks of this process; all come again when needed."""
        _stop(self.workers, gracefully=True)
        self._local.unload()

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
        share = -(-len(samples) // (_CHUNKS_PER_WORKER * len(self.workers)))
        size = max(1, min(self._chunk_size, share))
        return run_in_chunks(samples, metrics, self._run_chunks, chunk_size=size, watch=watch, of_part=of_part)

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
        for chunk, result in self._remote_results(chunks, remote, progress, should_stop):
            states.update(merge_states(metrics, states, result.states))
            rows = result.rows
            if here:
                rows_here = self._local.run_chunk(chunk.samples, here, states=states, should_stop=should_stop).rows
                rows = [a | b for a, b in zip(rows, rows_here, strict=True)]
            yield rows

    def _remote_results(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Yield one chunk after the other, as soon as those before it are done, with what the workers made of it."""
        if not metrics:  # nothing that could be computed elsewhere
            for chunk in chunks:
                yield chunk, ChunkResult(rows=[{} for _ in chunk.samples])
            return
        scheduler: PieceScheduler[Process] = PieceScheduler(chunks, metrics)
        threads = self._threads(scheduler, len(chunks))
        num_samples = 0  # of the chunks that were yielded: late news of them count for nothing
        try:
            for thread in threads:
                thread.start()
            for chunk, share in scheduler.wait(should_stop):
                if chunk.start >= num_samples:
                    progress.update(chunk, share)
                for finished, result in scheduler.pop_finished():
                    num_samples += len(finished.samples)
                    yield finished, result
        except BaseException:
            scheduler.close()
            self._end(threads, grace_s=_GRACE_S)
            raise
        if should_stop():
            scheduler.close()
            self._end(threads, grace_s=_STOP_GRACE_S)
        for thread in threads:
            thread.join()
        while not should_stop() and (piece := scheduler.take_leftover()) is not None:  # no worker could be started
            scheduler.finish_leftover(piece, self._local.run_chunk(piece.samples, metrics, should_stop=should_stop))
            yield from scheduler.pop_finished()
        scheduler.skip_unfinished(INTERRUPTED)
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

    def _drive(self, worker: Process, config: EvaluatorConfig, scheduler: PieceScheduler[Process]) -> None:
        """Have one worker compute pieces until none is left for it."""
        try:
            while (piece := scheduler.next_piece(worker)) is not None:
                try:
                    counts = _compute_piece(worker, config, piece, scheduler)
                    with self._lock:
                        self._counts = self._counts.plus(counts)
                except (EOFError, OSError):
                    worker.stop()
                    scheduler.report_death(worker, piece, config.device)
                except CannotStartError as error:
                    scheduler.report_failed_start(worker, piece, f"no worker on {config.device} ({error})")
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            worker.stop()  # the next run must not read what this one has left in the channel
            scheduler.fail(error)
        finally:
            scheduler.unregister(worker)


def gpu_worker() -> Process:
    """Return a process that runs chunks, not started yet."""
    return Process("avmeter.engine.executors.gpu_worker")


def _compute_piece(
    worker: Process, config: EvaluatorConfig, piece: Piece, scheduler: PieceScheduler[Process]
) -> Counts:
    """Have a worker compute a piece, and return what it computed for it."""
    is_new = worker.pid is None
    channel = worker.connect()
    if is_new:
        channel.send(config)
    metrics = scheduler.metrics
    modules = extractor_modules(metrics.values())
    channel.send(ChunkTask(samples=piece.samples, metrics=metrics, modules=modules))
    while not isinstance(message := channel.receive(), ChunkDone):
        if isinstance(message, WorkerFault):
            logger.error("the worker on %s ended:\n%s", config.device, message.traceback)
        else:
            scheduler.report_progress(piece, message)
    channel.forget()
    if message.log:
        failure_logger().debug("the worker on %s logged:\n%s", config.device, message.log)
    scheduler.finish(worker, piece, message.result)
    return message.counts


def _stop(workers: Sequence[Process], *, gracefully: bool, grace_s: float = _GRACE_S) -> None:
    """End all workers; gracefully: with the time to store what they have."""
    for worker in workers if gracefully else ():
        worker.interrupt()
    for worker in workers:
        worker.stop(grace_s=grace_s if gracefully else 0.0)
