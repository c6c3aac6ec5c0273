"""A process that runs whole chunks on a device of its own."""

from __future__ import annotations

import contextlib
import importlib
import signal
import traceback
from collections.abc import Callable

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, WorkerFault
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
        executor = LocalExecutor(computer)
        while True:
            task: ChunkTask = channel.receive()
            for module in task.modules:
                importlib.import_module(module)
            before = computer.counts.copy()
            with logged() as log:
                result = executor.run_chunk(task.samples, task.metrics, progress=_in_steps(channel.send))
            channel.send(ChunkDone(result=result, counts=computer.counts.since(before), log=log.take()))
            channel.forget()
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


def _in_steps(send: Callable[[float], None]) -> Callable[[float], None]:
    """Return a progress function that sends only shares that have grown by a step."""
    sent = 0.0

    def progress(share: float) -> None:
        nonlocal sent
        if share >= sent + _PROGRESS_STEP:
            sent = share
            send(share)

    return progress
