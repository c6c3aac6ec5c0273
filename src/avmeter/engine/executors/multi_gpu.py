"""A run on several devices of this machine: a process for each, which takes one chunk after the other.

Results do not depend on which worker had which chunk: states are merged in the order of the samples.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace

from avmeter.engine.compute.computer import Counts
from avmeter.engine.executors.local import (
    GPU_CHUNK_SIZE,
    LocalExecutor,
    Progress,
    finish_states,
    merge_states,
    start_states,
)
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, Setup
from avmeter.engine.executors.scheduler import Chunk, Work
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult
from avmeter.sample import Sample

_CHUNKS_PER_WORKER = 2  # more would let GPUs idle at more beginnings, fewer let one wait for the last
_PATIENCE_S, _TURN_S = 10.0, 0.1
_OWN_PACKAGE = "avmeter.metrics.audio", "avmeter.metrics.av"


class PoolExecutor:
    """Runs chunks on several devices at once.

    Args:
        setup: What every worker computes with; its device is replaced.
        devices: One worker for each.
        local: Runs metrics that are not of this package, which other processes may not be able to import.
        chunk_size: The most samples a worker takes at once.
    """

    def __init__(
        self, setup: Setup, devices: Sequence[str], local: LocalExecutor, *, chunk_size: int = GPU_CHUNK_SIZE
    ) -> None:
        self._setups = [replace(setup, device=device) for device in devices]
        self._workers = [Process("avmeter.engine.executors.gpu_worker") for _ in devices]
        self._local = local
        self._chunk_size = chunk_size
        self._counts = Counts()
        self._lock = threading.Lock()
        weakref.finalize(self, _stop, self._workers, kindly=False)

    @property
    def counts(self) -> Counts:
        """What has been done so far, by all."""
        return self._counts.plus(self._local.counts)

    def unload(self) -> None:
        """End the workers, and drop the networks of this process; all come again when needed."""
        _stop(self._workers, kindly=True)
        self._local.unload()

    def run(
        self, samples: Sequence[Sample], metrics: Mapping[str, Metric], progress: Progress | None = None
    ) -> tuple[list[dict[str, MetricResult]], dict[str, MetricResult]]:
        """Per-sample results in input order, and corpus results."""
        own = {n: m for n, m in metrics.items() if type(m).__module__.startswith(_OWN_PACKAGE)}
        rows, corpus = self._run_own(samples, own, progress) if own else ([{} for _ in samples], {})
        others = {n: m for n, m in metrics.items() if n not in own}
        if others:
            more, more_corpus = self._local.run(samples, others)
            rows = [{**a, **b} for a, b in zip(rows, more, strict=True)]
            corpus |= more_corpus
        return [_in_order(row, metrics) for row in rows], _in_order(corpus, metrics)

    def _run_own(
        self, samples: Sequence[Sample], metrics: Mapping[str, Metric], progress: Progress | None
    ) -> tuple[list[dict[str, MetricResult]], dict[str, MetricResult]]:
        size = max(1, min(self._chunk_size, -(-len(samples) // (_CHUNKS_PER_WORKER * len(self._workers)))))
        chunks = [Chunk(start, samples[start : start + size]) for start in range(0, len(samples), size)]
        self._run_chunks(Work(chunks, metrics, len(samples)), progress)
        rows: list[dict[str, MetricResult]] = []
        states = start_states(metrics)
        for chunk in chunks:
            # Without a result: no worker could be started.
            result = chunk.result or self._local.run_chunk(chunk.samples, metrics)
            rows.extend(result.per_sample)
            states = merge_states(metrics, states, result.states)
        if progress is not None and any(chunk.result is None for chunk in chunks):
            progress(len(samples), len(samples))
        return rows, finish_states(metrics, states)

    def _run_chunks(self, work: Work, progress: Progress | None) -> None:
        threads = []
        for worker, setup in zip(self._workers[: work.num_chunks], self._setups, strict=False):
            work.join(worker)
            threads.append(threading.Thread(target=self._drive, args=(worker, setup, work), daemon=True))
        try:
            for thread in threads:
                thread.start()
            for done in work.wait():
                if progress is not None:
                    progress(done, work.num_samples)
        except BaseException:
            work.close()
            self._end(threads)
            raise
        for thread in threads:
            thread.join()

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        """End all workers, and the threads that drive them."""
        try:
            _stop(self._workers, kindly=True)
        finally:
            while any(thread.is_alive() for thread in threads):  # one may just have started its worker again
                _stop(self._workers, kindly=False)
                for thread in threads:
                    thread.join(_TURN_S)

    def _drive(self, worker: Process, setup: Setup, work: Work) -> None:
        """Have one worker do chunks until none is left for it."""
        try:
            while (chunk := work.take(worker)) is not None:
                try:
                    counts = _run_chunk(worker, setup, chunk, work)
                    with self._lock:
                        self._counts = self._counts.plus(counts)
                except (EOFError, OSError):
                    worker.stop()
                    work.died(worker, chunk, setup.device)
                except CannotStartError as error:
                    work.refuse(worker, chunk, f"no worker on {setup.device} ({error})")
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            worker.stop()  # the next run must not read what this one has left on the wire
            work.fail(error)
        finally:
            work.leave(worker)


def _run_chunk(worker: Process, setup: Setup, chunk: Chunk, work: Work) -> Counts:
    is_new = worker.pid is None
    wire = worker.connect()
    if is_new:
        wire.send(setup)
    wire.send(ChunkTask(chunk.samples, work.metrics))
    while not isinstance(message := wire.receive(), ChunkDone):
        work.tell(chunk, message)
    wire.forget()
    work.done(worker, chunk, message.result)
    return message.counts


def _in_order(results: Mapping[str, MetricResult], metrics: Mapping[str, Metric]) -> dict[str, MetricResult]:
    return {name: results[name] for name in metrics if name in results}


def _stop(workers: Sequence[Process], *, kindly: bool) -> None:
    """End all workers; kindly: with the time to save what they have."""
    for worker in workers if kindly else ():
        worker.interrupt()
    for worker in workers:
        worker.stop(patience_s=_PATIENCE_S if kindly else 0.0)
