"""A decoding process: opens the clips it is sent, and answers with what the extractors cut from them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import torch

from avmeter.engine.decode.hardware import RemoteHardware
from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import DecodeEvent, DecodeTask
from avmeter.engine.decode.watch import BeatingWatch
from avmeter.engine.ipc.process import connect_to_run, exit_with_run
from avmeter.engine.run_log import logged
from avmeter.features.base import Extractor


def serve(descriptor: int) -> None:
    """Work on tasks until the run hangs up.

    Args:
        descriptor: File descriptor of a connected socket, inherited.
    """
    torch.set_num_threads(1)
    exit_with_run(descriptor)
    extractors: dict[bytes, Extractor] = {}
    try:
        channel = connect_to_run(descriptor)
        hardware = RemoteHardware(channel)
        while True:
            task: DecodeTask = channel.receive()
            with logged() as log:
                for event in _decode(task, extractors, BeatingWatch(channel.send), hardware):
                    if text := log.take():  # before the outcome that it explains: after the last one, nobody may listen
                        channel.send(text)
                    channel.send(event)
            if text := log.take():
                channel.send(text)
            channel.send(None)
            channel.forget()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _decode(
    task: DecodeTask, built: dict[bytes, Extractor], watch: BeatingWatch, hardware: RemoteHardware | None = None
) -> Iterator[DecodeEvent]:
    """Yield the events of a task; extractors are built once and reused."""
    extractors = {}
    for number, recipe in task.recipes.items():
        key = pickle.dumps(recipe)
        if key not in built:
            built[key] = recipe.build()
        extractors[number] = built[key]
    decoder = LocalDecoder(task.limits, watch=watch, hardware=hardware if task.has_hardware else None)
    yield from decoder.decode(task.source, extractors)
