"""A process that runs whole chunks on a device of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, Setup
from avmeter.engine.ipc.process import report

_PROGRESS_STEP = 0.01


def serve(descriptor: int) -> None:
    """Work on chunks until the run hangs up, or interrupts.

    Args:
        descriptor: Of a connected socket, inherited.
    """
    # Started in the background of a shell, a process and all that it starts ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    computer: FeatureComputer | None = None
    try:
        wire = report(descriptor)
        setup: Setup = wire.receive()
        computer = setup.computer()
        executor = LocalExecutor(computer)
        while True:
            task: ChunkTask = wire.receive()
            before = computer.counts.copy()
            result = executor.run_chunk(task.samples, task.metrics, progress=_every_step(wire.send))
            wire.send(ChunkDone(result, computer.counts.since(before)))
            wire.forget()
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return  # features are in the store already: `compute` sees to that, however it ends
    finally:
        if computer is not None:
            computer.unload()
            computer.store.close()


def _every_step(send: Callable[[float], None]) -> Callable[[float], None]:
    told = 0.0

    def progress(share: float) -> None:
        nonlocal told
        if share >= told + _PROGRESS_STEP:
            told = share
            send(share)

    return progress
