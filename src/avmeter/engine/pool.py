"""A run on several devices of this machine: a process for each, which takes one chunk after the other.

A worker that dies gives its chunk back, twice at most; then the chunk's samples are skipped by name. Results do not
depend on which worker had which chunk: states are merged in the order of the samples.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from avmeter.engine.compute import Counts
from avmeter.engine.local import (
    GPU_CHUNK_SIZE,
    ChunkResult,
    LocalExecutor,
    Progress,
    finish_states,
    merge_states,
    skipped_chunk,
    start_states,
)
from avmeter.engine.process import Process
from avmeter.engine.tasks import ChunkDone, ChunkTask, Setup
from avmeter.errors import SkipCode
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_ATTEMPTS = 2
_CHUNKS_PER_WORKER = 2  # more would let GPUs idle at more beginnings, fewer let one wait for the last
_PATIENCE_S = 10.0
_OWN_PACKAGE = "avmeter.metrics.audio", "avmeter.metrics.av"


@dataclass
class _Chunk:
    """Part of a run: where its samples begin, what is known of it, how often a worker died over it."""

    start: int
    samples: Sequence[Sample]
    share: float = 0.0
    deaths: int = 0
    result: ChunkResult | None = None


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
        self._workers = [Process("avmeter.engine.worker") for _ in devices]
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
        chunks = [_Chunk(start, samples[start : start + size]) for start in range(0, len(samples), size)]
        work = _Work(chunks, metrics, progress, len(samples))
        threads = [
            threading.Thread(target=self._drive, args=(worker, setup, work), daemon=True)
            for worker, setup in zip(self._workers[: len(chunks)], self._setups, strict=False)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            work.close()
            _stop(self._workers, kindly=True)
            raise
        if work.failure is not None:
            raise work.failure
        rows: list[dict[str, MetricResult]] = []
        states = start_states(metrics)
        for chunk in chunks:
            assert chunk.result is not None
            rows.extend(chunk.result.per_sample)
            states = merge_states(metrics, states, chunk.result.states)
        return rows, finish_states(metrics, states)

    def _drive(self, worker: Process, setup: Setup, work: _Work) -> None:
        """Have one worker do chunks until none is left."""
        try:
            while (chunk := work.take()) is not None:
                try:
                    counts = _run_chunk(worker, setup, chunk, work)
                    with self._lock:
                        self._counts = self._counts.plus(counts)
                except (EOFError, OSError):
                    worker.stop()
                    work.died(chunk, setup.device)
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            work.fail(error)


def _run_chunk(worker: Process, setup: Setup, chunk: _Chunk, work: _Work) -> Counts:
    is_new = worker.pid is None
    wire = worker.start()
    if is_new:
        wire.send(setup)
    wire.send(ChunkTask(chunk.samples, work.metrics))
    while not isinstance(message := wire.receive(), ChunkDone):
        work.tell(chunk, message)
    wire.forget()
    chunk.result = message.result
    work.tell(chunk, 1.0)
    return message.counts


class _Work:
    """Chunks still to be done, shared by the threads that drive the workers."""

    def __init__(
        self, chunks: Sequence[_Chunk], metrics: Mapping[str, Metric], progress: Progress | None, num_samples: int
    ) -> None:
        self.metrics = metrics
        self.failure: BaseException | None = None
        self._chunks = chunks
        self._queue = deque(chunks)
        self._progress = progress
        self._num_samples = num_samples
        self._told = 0
        self._lock = threading.Lock()

    def take(self) -> _Chunk | None:
        """The next chunk."""
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def died(self, chunk: _Chunk, device: str) -> None:
        """Give a chunk back whose worker died, or skip its samples when that was not the first time."""
        chunk.deaths += 1
        logger.warning(
            "the worker on %s died over samples %d to %d", device, chunk.start, chunk.start + len(chunk.samples)
        )
        if chunk.deaths < _ATTEMPTS:
            with self._lock:
                self._queue.append(chunk)
            return
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"the process that computed this chunk of {len(chunk.samples)} samples died {_ATTEMPTS} times",
            hint="memory ran out, or a file breaks a library; `num_gpus=1` shows more",
        )
        chunk.result = skipped_chunk(chunk.samples, self.metrics, skip)
        self.tell(chunk, 1.0)

    def tell(self, chunk: _Chunk, share: float) -> None:
        """Note how far a chunk is; numbers only grow."""
        with self._lock:
            chunk.share = max(chunk.share, share)
            done = int(sum(c.share * len(c.samples) for c in self._chunks) + 1e-9)
            if self._progress is not None and done > self._told:
                self._told = done
                self._progress(done, self._num_samples)

    def fail(self, error: BaseException) -> None:
        """Stop everybody: something is wrong with the run itself."""
        self.failure = self.failure or error
        self.close()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._lock:
            self._queue.clear()


def _in_order(results: Mapping[str, MetricResult], metrics: Mapping[str, Metric]) -> dict[str, MetricResult]:
    return {name: results[name] for name in metrics if name in results}


def _stop(workers: Sequence[Process], *, kindly: bool) -> None:
    """End all workers; kindly: with the time to save what they have."""
    for worker in workers if kindly else ():
        worker.interrupt()
    for worker in workers:
        worker.stop(patience_s=_PATIENCE_S if kindly else 0.0)
