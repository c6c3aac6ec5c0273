"""A decoding process: opens the clips it is told to, and sends back what the extractors cut from them."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from avmeter.engine.decoders import LocalProducer
from avmeter.engine.jobs import Produced
from avmeter.engine.wire import Wire
from avmeter.features.base import Extractor, get_extractor
from avmeter.sample import MediaSource


@dataclass(frozen=True)
class Recipe:
    """How to build an extractor again, without its network."""

    name: str
    options: dict[str, Any]
    state: dict[str, Any]

    @classmethod
    def of(cls, extractor: Extractor) -> Recipe:
        """The recipe of a loaded extractor."""
        return cls(extractor.name, dict(extractor.options()), dict(extractor.decoding_state()))

    def build(self) -> Extractor:
        """The extractor; its windows are those of the original."""
        extractor = get_extractor(self.name, **self.options)
        vars(extractor).update(self.state)
        return extractor


@dataclass(frozen=True)
class Task:
    """One source, and what is wanted of it: job number -> recipe. Results carry the job numbers."""

    source: MediaSource
    recipes: dict[int, Recipe]


def serve(descriptor: int) -> None:
    """Work on tasks until the run hangs up.

    Args:
        descriptor: Of a connected socket, inherited.
    """
    # Ctrl-C reaches the whole process group; the run decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    wire = Wire(socket.socket(fileno=descriptor))
    extractors: dict[str, Extractor] = {}
    try:
        while True:
            task: Task = wire.receive()
            for message in _results(task, extractors):
                wire.send(message)
            wire.send(None)
            wire.forget()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _results(task: Task, built: dict[str, Extractor]) -> Iterator[Produced]:
    extractors = {}
    for number, recipe in task.recipes.items():
        key = repr(recipe)
        if key not in built:
            built[key] = recipe.build()
        extractors[number] = built[key]
    yield from LocalProducer(extractors).produce_all(task.source, list(extractors))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
