"""A decoding process: opens the clips it is told to, and sends back what the extractors cut from them."""

from __future__ import annotations

import os
import pickle
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from avmeter.engine.decode.messages import Produced
from avmeter.engine.decode.threads import LocalProducer
from avmeter.engine.ipc.process import report
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
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_the_run, args=(descriptor,), daemon=True).start()
    extractors: dict[bytes, Extractor] = {}
    try:
        wire = report(descriptor)
        while True:
            task: Task = wire.receive()
            for message in _results(task, extractors):
                wire.send(message)
            wire.send(None)
            wire.forget()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _end_with_the_run(descriptor: int) -> None:
    """End this process when the run has gone, even in the midst of a file that takes for ever."""
    poll = select.poll()
    poll.register(descriptor, 0)  # hanging up is told without being asked for
    poll.poll()
    os._exit(1)


def _results(task: Task, built: dict[bytes, Extractor]) -> Iterator[Produced]:
    extractors = {}
    for number, recipe in task.recipes.items():
        key = pickle.dumps(recipe)
        if key not in built:
            built[key] = recipe.build()
        extractors[number] = built[key]
    yield from LocalProducer(extractors).produce_all(task.source, list(extractors))
