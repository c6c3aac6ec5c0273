"""A process that runs chunks on a device of its own, one flowing into the next."""

from __future__ import annotations

import contextlib
import signal
import traceback

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.chunk_tasks import answer_chunks
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import WorkerFault
from avmeter.engine.ipc.channel import Channel
from avmeter.engine.ipc.process import connect_to_run
from avmeter.engine.run_log import logged


def serve(descriptor: int) -> None:
    """Work on chunks until the run hangs up, or interrupts; its first message is the configuration.

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
        with logged() as log:
            answer_chunks(LocalExecutor(computer), channel, log)
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
