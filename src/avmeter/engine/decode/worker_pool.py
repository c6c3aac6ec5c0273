"""Decoding processes, seen from the run.

Launching networks is thousands of short steps in one interpreter; decoding threads beside it in the same interpreter
make each of them wait. Processes have interpreters of their own, and one that dies of a broken file takes nobody along.
"""

from __future__ import annotations

import contextlib
import logging
import os
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence

from avmeter.engine.decode.messages import Produced
from avmeter.engine.decode.threads import LocalProducer
from avmeter.engine.decode.worker import Recipe, Task
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.errors import SkipCode
from avmeter.features.base import Extractor
from avmeter.result import Skip
from avmeter.sample import MediaSource
from avmeter.weights.dummy import num_cores

logger = logging.getLogger("avmeter")
_ATTEMPTS = 2
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
_MANY_FILES = 32  # below, processes take longer to start than they save
_MOST, _SPARE_CORES = 12, 2
_OWN_PACKAGE = "avmeter."


def decoding_process() -> Process:
    """One that serves tasks; it sees no GPU and computes in one thread."""
    return Process("avmeter.engine.decode.worker", environment=_ENVIRONMENT)


def worthwhile_children(num_files: int) -> int:
    """How many processes to start for so many files on this machine."""
    if os.name != "posix" or num_files < _MANY_FILES:
        return 0
    return most_children()


def most_children(num_runs: int = 1) -> int:
    """How many processes keep each of so many runs on this machine busy."""
    return max(1, min(_MOST, (num_cores() - _SPARE_CORES) // num_runs))


class Children:
    """Decoding processes that stay for the next chunk; they end with this object.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._children = [decoding_process() for _ in range(count)]
        weakref.finalize(self, _stop, self._children)

    def start(self, num_files: int) -> None:
        """Start those that so many files keep busy: while they import what they need, networks can be loaded."""
        with contextlib.suppress(CannotStartError):  # met again, and dealt with, at the first clip
            for child in self._children[:num_files]:
                if not child.has_refused:
                    child.start()

    def stop(self) -> None:
        """End them; those that are needed again are started again."""
        _stop(self._children)

    def producers(self, extractors: Mapping[int, Extractor]) -> list[ChildProducer]:
        """One producer for each process."""
        return [ChildProducer(child, extractors) for child in self._children]


class ChildProducer:
    """Has files opened by a process; texts, arrays and extractors from elsewhere stay in this one.

    Where there can be no process, everything stays in this one.

    Args:
        child: The process.
        extractors: Job number -> its extractor.
    """

    def __init__(self, child: Process, extractors: Mapping[int, Extractor]) -> None:
        self._child = child
        self._extractors = extractors
        self._local = LocalProducer(extractors)
        self._is_closed = False

    def produce_all(self, source: MediaSource | str, numbers: Sequence[int]) -> Generator[Produced, None, None]:
        """Messages of the jobs with these numbers."""
        if isinstance(source, str) or source.path is None or self._child.has_refused:
            yield from self._local.produce_all(source, numbers)
            return
        recipes = {n: Recipe.of(self._extractors[n]) for n in numbers if _can_travel(self._extractors[n])}
        near = [n for n in numbers if n not in recipes]
        if near:
            yield from self._local.produce_all(source, near)
        if recipes:
            yield from self._from_child(Task(source, recipes))

    def close(self) -> None:
        """End the process, from another thread: nobody waits any more for what it is at."""
        self._is_closed = True
        self._child.stop()

    def _from_child(self, task: Task) -> Iterator[Produced]:
        for deaths in range(_ATTEMPTS):
            if self._is_closed:
                return
            try:
                wire = self._child.connect()
            except CannotStartError as error:
                if deaths:  # this file may have been the reason, and would be this process's end too
                    break
                logger.warning("no decoding process (%s): files are decoded in threads", error)
                yield from self._local.produce_all(task.source, list(task.recipes))
                return
            finished = False
            try:
                wire.send(task)
                while (message := wire.receive()) is not None:
                    yield message
                wire.forget()
                finished = True
                return
            except (EOFError, OSError):
                if not self._is_closed:
                    logger.warning("%s: the process that decoded it died", task.source)
            finally:
                if not finished:  # dead, or in the midst of what nobody waits for any more
                    self._child.stop()
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"{task.source}: the decoding process died {_ATTEMPTS} times over this file",
            hint="the file breaks the decoder, or memory ran out; `loader_processes=0` decodes in threads",
        )
        yield from (Produced(number, outcome=skip) for number in task.recipes)


def _can_travel(extractor: Extractor) -> bool:
    """True for our own extractors: those of a plug-in or a script may not be importable elsewhere."""
    return type(extractor).__module__.startswith(_OWN_PACKAGE)


def _stop(children: list[Process]) -> None:
    for child in children:
        child.stop()
