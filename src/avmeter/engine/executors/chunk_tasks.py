"""Chunks that a run sends one after another: the next is asked for and begun while one is computed."""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.local import ChunkWork, LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkShare, ChunkTask, WantsChunk
from avmeter.engine.failures import never
from avmeter.engine.run_log import RunLog
from avmeter.media import remember_hashes

_PROGRESS_STEP = 0.01


class Connection(Protocol):
    """What a worker has of its run."""

    def send(self, message: Any) -> None:
        """Tell the run something."""

    def receive(self) -> ChunkTask | None:
        """Return the next chunk, once it has come; None if there will be none."""


def answer_chunks(
    executor: LocalExecutor, connection: Connection, log: RunLog, should_stop: Callable[[], bool] = never
) -> None:
    """Compute the chunks that come, one flowing into the next, and answer them in their order.

    Args:
        executor: Computes them.
        connection: To the run.
        log: What is logged meanwhile; it is part of the answers.
        should_stop: Once it returns True, what is missing of chunks that were begun becomes a skip, and others are not
            answered.
    """
    tasks = _Tasks(connection)
    before = executor.counts.copy()
    with contextlib.closing(executor.run_stream(tasks.works(), should_stop)) as results:
        for result in results:
            tasks.answer(result, executor.counts.since(before), log.take())
            before = executor.counts.copy()


class _Tasks:
    """The chunks that the run sends, received in the thread that prepares them, and what it is told.

    Args:
        connection: To the run.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._numbers: deque[int] = deque()  # of the chunks that are being computed

    def works(self) -> Iterator[ChunkWork]:
        """Yield chunks, each once it is wanted and has come."""
        number: int | None = None
        while True:
            self._send(WantsChunk(after=number))
            task = self._connection.receive()
            if task is None:
                return
            number = task.number
            remember_hashes(task.hashes)
            for module in task.modules:
                importlib.import_module(module)
            self._numbers.append(task.number)
            progress = _in_steps(functools.partial(self._send_share, task.number))
            yield ChunkWork(samples=task.samples, metrics=task.metrics, progress=progress)

    def answer(self, result: ChunkResult, counts: Counts, log: str) -> None:
        """Tell the result of the oldest chunk, and what was computed and logged since the last."""
        self._send(ChunkDone(number=self._numbers.popleft(), result=result, counts=counts, log=log))

    def _send_share(self, number: int, share: float) -> None:
        self._send(ChunkShare(number=number, share=share))

    def _send(self, message: Any) -> None:
        """Tell the run something; from any thread."""
        with self._sending:
            self._connection.send(message)


def _in_steps(send: Callable[[float], None]) -> Callable[[float], None]:
    """Return a progress function that sends only shares that have grown by a step."""
    sent = 0.0

    def progress(share: float) -> None:
        nonlocal sent
        if share >= sent + _PROGRESS_STEP:
            sent = share
            send(share)

    return progress
