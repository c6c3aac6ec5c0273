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
from dataclasses import replace

from avmeter.engine.decode.hardware import Hardware, HardwareOrder, HardwareSessions
from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import DecodeEvent, DecodeTask, Recipe, Source, SourceGroup
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.ipc.arena import Arena
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.engine.run_log import failure_logger
from avmeter.errors import SkipCode
from avmeter.features.base import Extractor
from avmeter.media import DEFAULT_LIMITS, MediaLimits
from avmeter.result import Skip
from avmeter.runtime.device import num_cores

logger = logging.getLogger("avmeter")
_ATTEMPTS = 2
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
_MANY_FILES = 32  # below, processes take longer to start than they save
_MAX_WORKERS, _SPARE_CORES = 14, 2
ARENA_BYTES = 128 << 20
"""Of each process: what waits in the queue and in batches, of clips of 480p and less."""
_LARGE_ARENA_BYTES = 512 << 20  # the same of 720p and more
_SHARE_OF_MEMORY = 16  # of a pool of large arenas: a sixteenth of the machine's, as other GPUs have pools too
_OWN_PACKAGE = "avmeter."


def decode_worker(arena: Arena | None = None) -> Process:
    """Return a decoding process, not started yet; it sees no GPU and computes in one thread."""
    return Process("avmeter.engine.decode.worker", environment=_ENVIRONMENT, arena=arena)


def default_decode_workers(num_files: int, *, few: bool = False) -> int:
    """Return how many decoding processes are worth starting for so many files on this machine.

    Args:
        num_files: How many.
        few: They are needed for a few files too; `start` starts no more than these keep busy.
    """
    if os.name != "posix" or (num_files < _MANY_FILES and not few):
        return 0
    return max_decode_workers()


def max_decode_workers(num_gpus: int = 1) -> int:
    """Return how many decoding processes keep each of so many GPUs on this machine busy."""
    return max(1, min(_MAX_WORKERS, (num_cores() - _SPARE_CORES) // num_gpus))


def large_arena_bytes(num_workers: int) -> int:
    """Return the size of an arena for large frames, where so many processes have one."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(ARENA_BYTES, min(_LARGE_ARENA_BYTES, memory_bytes // _SHARE_OF_MEMORY // num_workers))


class DecodeWorkerPool:
    """Decoding processes that stay for the next chunk; they end with this object.

    Args:
        num_workers: How many.
        arena_bytes: Memory that each one shares with the run.

    Attributes:
        arenas: Memory that the windows of all processes come in; none where the system has no such memory.
    """

    def __init__(self, num_workers: int, *, arena_bytes: int = ARENA_BYTES) -> None:
        self.arenas: list[Arena] = []
        with contextlib.suppress(OSError):
            self.arenas.extend(Arena(arena_bytes) for _ in range(num_workers))
        spare: list[Arena | None] = [None] * (num_workers - len(self.arenas))
        self.workers = [decode_worker(arena) for arena in [*self.arenas, *spare]]
        weakref.finalize(self, _stop, self.workers)

    def start(self, num_files: int) -> None:
        """Start as many as the files keep busy: while they import what they need, networks can be loaded."""
        with contextlib.suppress(CannotStartError):  # met again, and dealt with, at the first clip
            for worker in self.workers[:num_files]:
                if not worker.failed_to_start:
                    worker.start()

    def stop(self) -> None:
        """End the processes; those that are needed again are started again."""
        _stop(self.workers)

    def decoders(self, limits: MediaLimits = DEFAULT_LIMITS, hardware: Hardware | None = None) -> list[WorkerDecoder]:
        """Return one decoder for each process; arguments as its own."""
        return [WorkerDecoder(worker, limits, hardware) for worker in self.workers]


class WorkerDecoder:
    """Has files decoded by a process; texts, arrays and extractors of plug-ins stay in this one.

    Where no process can be started, everything stays in this one.

    Args:
        worker: The process.
        limits: What a source may unfold to.
        hardware: Decodes video that the process sends; without it the process decodes all.
    """

    def __init__(self, worker: Process, limits: MediaLimits = DEFAULT_LIMITS, hardware: Hardware | None = None) -> None:
        self.worker = worker
        self._limits = limits
        self._hardware = hardware
        self._sessions = None if hardware is None else HardwareSessions(hardware)
        self.watch = DecodeWatch()
        self._local = LocalDecoder(limits, watch=self.watch)

    def decode(self, source: Source, jobs: Mapping[int, Extractor]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers."""
        if isinstance(source, str) or not source.is_elsewhere or self.worker.failed_to_start:
            yield from self._local.decode(source, jobs)
            return
        recipes = {n: Recipe.of(extractor) for n, extractor in jobs.items() if _is_importable(extractor)}
        local_jobs = {n: extractor for n, extractor in jobs.items() if n not in recipes}
        if local_jobs:
            yield from self._local.decode(source, local_jobs)
        if recipes:
            task = DecodeTask(
                source=source, recipes=recipes, limits=self._limits, has_hardware=self._sessions is not None
            )
            yield from self._decode_in_worker(task, jobs)

    def close(self) -> None:
        """End the process, from another thread: nobody waits any more for what it is decoding."""
        self.watch.end()
        self.worker.stop()

    def successor(self) -> WorkerDecoder:
        """Return a decoder that starts the process again."""
        return WorkerDecoder(self.worker, self._limits, self._hardware)

    def _decode_in_worker(self, task: DecodeTask, jobs: Mapping[int, Extractor]) -> Iterator[DecodeEvent]:
        for deaths in range(_ATTEMPTS):
            if self.watch.is_ended:
                return
            try:
                with self.watch.starting():
                    channel = self.worker.connect()
            except CannotStartError as error:
                if deaths:  # this file may have been the reason, and would be this process's end too
                    break
                yield from self._decode_without_worker(task, jobs, error)
                return
            is_finished = False
            try:
                channel.send(task)
                while (event := channel.receive()) is not None:
                    if isinstance(event, float):
                        self.watch.advance(event)
                    elif isinstance(event, HardwareOrder):
                        assert self._sessions is not None
                        channel.send(self._sessions.answer(event, channel.reserved(event.block)))
                    elif isinstance(event, str):
                        failure_logger().debug("a decoding process logged:\n%s", event)
                    else:
                        yield event
                channel.forget()
                is_finished = True
                return
            except (EOFError, OSError):
                if not self.watch.is_ended:
                    logger.warning("%s: the process that decoded it died", task.source)
            finally:
                # Dead, or in the middle of what nobody waits for any more. Whoever closed this has stopped it, and a
                # successor may have started it again.
                if not is_finished and not self.watch.is_ended:
                    self.worker.stop()
        left = dict(task.recipes)
        if isinstance(task.source, SourceGroup):  # one clip of several may be the reason
            for position, numbers in task.source.alone().items():
                recipes = {n: left.pop(n) for n in numbers if n in left}
                if recipes:
                    alone = replace(task, source=task.source.clips[position], recipes=recipes)
                    yield from self._decode_in_worker(alone, jobs)
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"{task.source}: the decoding process died {_ATTEMPTS} times over this file",
            hint="the file breaks the decoder, or memory ran out; `loader_processes=0` decodes in threads",
        )
        yield from (DecodeEvent(number, outcome=skip) for number in left)

    def _decode_without_worker(
        self, task: DecodeTask, jobs: Mapping[int, Extractor], error: CannotStartError
    ) -> Iterator[DecodeEvent]:
        if not self.watch.is_ended:
            logger.warning("no decoding process (%s): files are decoded in threads", error)
            yield from self._local.decode(task.source, {n: jobs[n] for n in task.recipes})


def _is_importable(extractor: Extractor) -> bool:
    """Return True for extractors of this package: another process builds them from their name."""
    return type(extractor).__module__.startswith(_OWN_PACKAGE)


def _stop(workers: Sequence[Process]) -> None:
    for worker in workers:
        worker.stop()
