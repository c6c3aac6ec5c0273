"""A process that runs chunks on a device of its own, one flowing into the next."""

from __future__ import annotations

import contextlib
import functools
import importlib
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.local import ChunkWork, LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkShare, ChunkTask, WantsChunk, WorkerFault
from avmeter.engine.ipc.channel import Channel
from avmeter.engine.ipc.process import connect_to_run
from avmeter.engine.run_log import logged

_PROGRESS_STEP = 0.01


def serve(descriptor: int) -> None:
    """Work on chunks until the run hangs up, or interrupts.

    Args:
        descriptor: File descriptor of a connected socket, inherited.
    """
    # Started in the background of a shell, a process and all that it starts ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    computer: FeatureComputer | None = None
    channel: Channel | None = None
    try:
        channel = connect_to_run(descriptor)
        config: EvaluatorConfig = channel.receive()
        computer = config.build_computer()
        tasks = _Tasks(channel)
        with logged() as log, contextlib.closing(LocalExecutor(computer).run_stream(tasks.works())) as results:
            before = computer.counts.copy()
            for result in results:
                tasks.answer(result, computer.counts.since(before), log.take())
                before = computer.counts.copy()
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return  # features are in the store already: `compute` sees to that, however it ends
    except BaseException:
        if channel is None:
            raise
        with contextlib.suppress(OSError):  # the log of the run is where people look
            channel.send(WorkerFault(traceback=traceback.format_exc()))
        raise
    finally:
        if computer is not None:
            computer.unload()
            computer.store.close()


class _Tasks:
    """The chunks that the run sends, received in the thread that prepares them, and what it is told.

    Args:
        channel: To the run.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sending = threading.Lock()
        self._numbers: deque[int] = deque()  # of the chunks that are being computed

    def works(self) -> Iterator[ChunkWork]:
        """Yield chunks, each once it is wanted and has come."""
        while True:
            self.send(WantsChunk())
            task: ChunkTask = self._channel.receive()
            for module in task.modules:
                importlib.import_module(module)
            self._numbers.append(task.number)
            progress = _in_steps(functools.partial(self._send_share, task.number))
            yield ChunkWork(samples=task.samples, metrics=task.metrics, progress=progress)

    def answer(self, result: ChunkResult, counts: Counts, log: str) -> None:
        """Tell the result of the oldest chunk, and what was computed and logged since the last."""
        self.send(ChunkDone(number=self._numbers.popleft(), result=result, counts=counts, log=log))

    def _send_share(self, number: int, share: float) -> None:
        self.send(ChunkShare(number=number, share=share))

    def send(self, message: Any) -> None:
        """Tell the run something; from any thread."""
        with self._sending:
            self._channel.send(message)


def _in_steps(send: Callable[[float], None]) -> Callable[[float], None]:
    """Return a progress function that sends only shares that have grown by a step."""
    sent = 0.0

    def progress(share: float) -> None:
        nonlocal sent
        if share >= sent + _PROGRESS_STEP:
            sent = share
            send(share)

    return progress
