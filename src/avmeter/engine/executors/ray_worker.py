"""What a node of a Ray cluster does: whole pieces of a run, from the files to rows and corpus states."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.chunk_tasks import answer_chunks
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkShare, ChunkTask, RunStopped, WorkerStarted, WorkerWarning
from avmeter.engine.run_log import FAILURES, logged
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device, num_cores
from avmeter.sample import Sample

_MAX_THREADS = 8
_SHARES_EVERY_S = 1.0  # a run has up to hundreds of workers


@dataclass(frozen=True, kw_only=True)
class RayWork:
    """What is the same for all pieces of a run.

    Attributes:
        metrics: Name -> metric.
        modules: Modules to import first: they register the extractors that the metrics need.
    """

    metrics: Mapping[str, Metric]
    modules: Sequence[str]


class RayWorker:
    """Computes pieces on the device of this process, in a thread of its own: one flows into the next.

    What there is to tell waits until it is asked for: that it has started, and then the messages of a GPU worker.

    Args:
        config: Of the run.
        device: Torch device.
        num_workers: Workers that share this machine.
    """

    def __init__(self, config: EvaluatorConfig, device: str, *, num_workers: int) -> None:
        own = config.for_worker(device, num_workers=num_workers)
        threads = own.loader_threads or max(1, min(_MAX_THREADS, num_cores() // num_workers))
        self._computer = replace(own, loader_threads=threads).build_computer()
        self._news: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()  # of what follows
        self._stream = _Stream(self._news)
        self._stopped_run = 0
        self._is_closed = False
        self._news.put(WorkerStarted(device=describe_device(self._computer.runtime.device)))
        self._thread = threading.Thread(target=self._compute, daemon=True)
        self._thread.start()

    def give(self, work: RayWork, number: int, samples: Sequence[Sample], run: int) -> None:
        """Take in a piece, whatever else is being computed.

        Args:
            work: Of the run.
            number: What the answer calls the piece by.
            samples: The piece.
            run: Number of the run, by which it is stopped.
        """
        task = ChunkTask(number=number, samples=samples, metrics=work.metrics, modules=work.modules)
        with self._lock:
            if run > self._stopped_run:
                self._stream.give(task)

    def news(self) -> list[Any]:
        """Return what there is to tell, at least one message; shares of pieces wait a second for others.

        Features of finished pieces are in the store by then.

        Raises:
            BaseException: What ended the worker.
        """
        found = [self._news.get()]
        until = time.monotonic() + _SHARES_EVERY_S
        with contextlib.suppress(Empty):
            while not isinstance(found[-1], _Failure):
                waits = all(isinstance(message, ChunkShare) for message in found)
                found.append(self._news.get(timeout=max(0.0, until - time.monotonic()) if waits else 0.0))
        if any(isinstance(message, ChunkDone) for message in found):
            self._computer.store.flush()
        if not isinstance(found[-1], _Failure):
            return found
        if len(found) == 1:
            raise found[0].error
        self._news.put(found.pop())
        return found

    def stop(self, run: int) -> None:
        """Have whatever was begun for a run come back soon, with skips for the rest."""
        with self._lock:
            if run > self._stopped_run:
                self._stopped_run = run
                self._stream.close()

    def close(self) -> None:
        """End the thread, and drop the networks."""
        with self._lock:
            self._is_closed = True
            self._stream.close()
        self._thread.join()
        self._computer.unload()

    def _compute(self) -> None:
        """Answer one stream of pieces after the other: each ends where a run is stopped."""
        executor = LocalExecutor(self._computer)
        try:
            with logged(FAILURES) as log, _forwarded_warnings(self._news.put):
                while not self._is_closed:
                    stream = self._stream
                    answer_chunks(executor, stream, log, stream.should_stop)
                    with self._lock:
                        self._stream = _Stream(self._news)
                        self._news.put(RunStopped())
        except BaseException as error:  # noqa: BLE001 - raised where the run asks
            self._news.put(_Failure(error))


class _Stream:
    """The pieces up to a stop, for the thread that computes them, and its way to tell.

    Args:
        news: Where to tell.
    """

    def __init__(self, news: SimpleQueue[Any]) -> None:
        self._is_closed = False
        self._news = news
        self._tasks: SimpleQueue[ChunkTask | None] = SimpleQueue()

    def send(self, message: Any) -> None:
        """Tell something."""
        self._news.put(message)

    def give(self, task: ChunkTask) -> None:
        """Add a piece."""
        self._tasks.put(task)

    def receive(self) -> ChunkTask | None:
        """Return the next piece once it has come, or None at the end."""
        return self._tasks.get()

    def should_stop(self) -> bool:
        """Return True once it has been ended."""
        return self._is_closed

    def close(self) -> None:
        """End it."""
        self._is_closed = True
        self._tasks.put(None)


@dataclass(frozen=True)
class _Failure:
    """What ended the worker: the last of its news."""

    error: BaseException


@contextmanager
def _forwarded_warnings(tell: Callable[[WorkerWarning], None]) -> Iterator[None]:
    """Forward what is logged within the block: the run's own log is where people look."""
    handler = _Forwarding(tell)
    logger = logging.getLogger("avmeter")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Forwarding(logging.Handler):
    """Forwards the text of warnings and errors."""

    def __init__(self, tell: Callable[[WorkerWarning], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(WorkerWarning(text=record.getMessage()))
