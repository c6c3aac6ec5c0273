"""Threads that decode one source after the other, and those that nothing comes out of any more."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

import torch

from avmeter.engine.decode.byte_queue import ByteQueue, Stopped
from avmeter.engine.decode.content import checked, file_facts
from avmeter.engine.decode.messages import DecodeEvent, Source, SourceGroup, part_of
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.errors import SkipCode
from avmeter.features.base import Extractor
from avmeter.result import Skip
from avmeter.runtime.background import BackgroundThread
from avmeter.runtime.shared_settings import SharedSettings

# What the program has set: runs side by side must not take each other's for it. Every decoding thread sets its own.
_torch_threads: SharedSettings[int] = SharedSettings(torch.get_num_threads, lambda _: None)
QUEUE_BYTES = 1 << 30
"""Of windows that wait for networks, where nothing else is said."""
_POLL_S = 0.1
_GRACE_S = 1.0  # for a thread in the middle of a file; it ends on its own when nobody takes its events


class Decoder(Protocol):
    """Makes the events of all jobs over one source."""

    @property
    def watch(self) -> DecodeWatch:
        """How far it is with the source at hand."""

    def decode(self, source: Source, jobs: Mapping[int, Extractor]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers; the source is opened once."""

    def close(self) -> None:
        """End soon what is being decoded: called from another thread when nobody waits for it any more."""

    def successor(self) -> Decoder:
        """Return a decoder for the sources that are left, after this one was closed over one that never ended."""


Task = tuple[Source, Mapping[int, str], Mapping[int, Extractor]]
"""A source, the content keys of what its jobs read of files, and the jobs: their numbers and extractors."""


class DecodingThreads:
    """Threads that work through sources, one for each decoder; more sources may be added while they work.

    The thread that adds and gets may be interrupted at any step, so they share C queues: see `ByteQueue`.

    Args:
        decoders: One for each thread; a thread is started when there is a source for it.
        timeout_s: How long a thread may take from one event to the next, and wait for the decoder alone. The jobs over
            a source that takes longer are skips, its decoder is closed, and another thread takes over.
        timeout_per_s: What is added to the first for every second of sound or video that was decoded of the source.
        queue_bytes: Decoding pauses while so much waits to be got.
    """

    def __init__(
        self,
        decoders: Iterable[Decoder],
        *,
        timeout_s: float = math.inf,
        timeout_per_s: float = 0.0,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._timeout_s = timeout_s
        self._timeout_per_s = timeout_per_s
        self._decoders = iter(decoders)
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()  # None: there are no more
        self._events: ByteQueue[DecodeEvent | _SourceEnded] = ByteQueue(queue_bytes)
        self._skips: deque[DecodeEvent] = deque()  # of sources that were given up
        self._num_unfinished = 0
        self._checked_at = time.monotonic()
        self._holding = contextlib.ExitStack()
        self._lanes: list[_Lane] = []

    def __enter__(self) -> DecodingThreads:
        # Each decoding thread works alone: teams of torch threads in every one of them would fight for the cores.
        self._torch_threads = self._holding.enter_context(_torch_threads.held(1))
        return self

    def __exit__(self, *exc: object) -> None:
        self._events.close()
        with contextlib.suppress(Empty):
            while True:
                self._tasks.get_nowait()
        self._tasks.put(None)
        try:
            for lane in self._lanes:
                if lane.is_unfinished:
                    lane.decoder.close()
            deadline = time.monotonic() + _GRACE_S
            for lane in self._lanes:
                if lane.thread is not None and lane.thread.is_alive():  # an interrupt may have come before it was
                    lane.thread.join(max(0.0, deadline - time.monotonic()))
                    if lane.thread.is_alive():
                        lane.decoder.close()
        finally:
            torch.set_num_threads(self._torch_threads)
            self._holding.close()

    def add(self, tasks: Iterable[Task]) -> None:
        """Have these sources decoded after those before them."""
        for task in tasks:
            self._num_unfinished += 1
            self._tasks.put(task)
        while len(self._lanes) < self._num_unfinished and (decoder := next(self._decoders, None)) is not None:
            self._lanes.append(_Lane(decoder))
            self._start(self._lanes[-1])

    @property
    def is_idle(self) -> bool:
        """Every source is decoded, and all events were got."""
        return not self._num_unfinished and not self._skips

    @property
    def wants_more(self) -> bool:
        """Fewer sources wait than there are threads, some of which will soon have nothing to do."""
        return self._tasks.qsize() < max(1, len(self._lanes))

    def get(self, timeout_s: float) -> DecodeEvent | None:
        """Return the next event, or None when none came in time or a source has ended.

        Raises:
            BaseException: What a thread failed with, which is no failure of its source.
        """
        now = time.monotonic()
        if now - self._checked_at > _POLL_S:
            self._checked_at = now
            self._leave_stuck_threads(now)
        if self._skips:
            return self._skips.popleft()
        event = self._events.get(timeout_s)
        if not isinstance(event, _SourceEnded):
            return event
        if event.failure is not None:
            raise event.failure
        if event.task is not event.lane.given_up:  # that one is counted already; those before it are not
            self._num_unfinished -= 1
        return None

    def _start(self, lane: _Lane) -> None:
        lane.thread = BackgroundThread(self._work, lane)
        lane.thread.start()

    def _leave_stuck_threads(self, now: float) -> None:
        """Give up sources that nothing comes out of, and start threads in place of those that decode them."""
        for position, lane in enumerate(self._lanes):
            busy_since, task, watch = lane.busy_since, lane.task, lane.decoder.watch
            if busy_since is None or task is None:
                continue
            allowed_s = self._timeout_s + self._timeout_per_s * watch.decoded_s
            busy_s = now - busy_since - watch.started_s(now)
            if busy_s <= allowed_s and watch.waited_s(now) <= self._timeout_s:
                continue
            if not lane.give_up(task):  # it has just come to its end
                continue
            self._num_unfinished -= 1
            source, _, jobs = task
            unfinished = [job for job in jobs if job not in lane.finished]
            waited_s = max(busy_s, watch.waited_s(now))
            skip = Skip(
                code=SkipCode.DECODE_TIMEOUT,
                reason=f"{source}: nothing came out of decoding it for {waited_s:.0f} s, after {watch.decoded_s:.0f} s "
                "of sound and video",
                hint="the file breaks the decoder: make it again; `decode_timeout_s=` allows more time",
            )
            lane.decoder.close()
            self._lanes[position] = successor = _Lane(lane.decoder.successor())
            self._start(successor)
            again = list(_clips_alone(task, unfinished))  # one clip of several may be the reason
            self.add(again)
            retried = {job for _, _, own in again for job in own}
            self._skips.extend(DecodeEvent(job, outcome=skip) for job in unfinished if job not in retried)

    def _work(self, lane: _Lane) -> None:
        torch.set_num_threads(1)
        failure: BaseException | None = None
        try:
            while (task := self._next_task(lane)) is not None:
                if not self._decode(task, lane):
                    return
                self._end_task(lane, None)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            failure = error
        if failure is not None and not lane.is_left_behind:
            with contextlib.suppress(Stopped):
                self._end_task(lane, failure)

    def _decode(self, task: Task, lane: _Lane) -> bool:
        """Send all events of a source; return False if it was given up."""
        source, keys, jobs = task
        parts = {} if isinstance(source, str) else {job: part_of(source, job) for job in keys}
        before = {job: file_facts(part) for job, part in parts.items()}
        with contextlib.closing(lane.decoder.decode(source, jobs)) as events:
            for event in events:
                if event.window is None and event.job in parts:
                    event = checked(event, parts[event.job], keys[event.job], before[event.job])
                if lane.is_left_behind:
                    return False
                self._put(event, lane)
        return not lane.is_left_behind

    def _put(self, event: DecodeEvent, lane: _Lane) -> None:
        lane.busy_since = None  # while it waits for room, nothing is wrong with the source
        self._events.put(event, event.window.size_bytes if event.window else 0)
        if event.window is None:
            lane.finished.add(event.job)
        lane.busy_since = time.monotonic()

    def _end_task(self, lane: _Lane, failure: BaseException | None) -> None:
        self._events.put(_SourceEnded(lane, lane.end(), failure), 0)

    def _next_task(self, lane: _Lane) -> Task | None:
        """Begin the next source, waited for; None: there will be none, or none for a thread that was given up."""
        task = self._tasks.get()
        if task is None or not lane.begin(task):
            self._tasks.put(task)  # for the other threads
            return None
        return task


def _clips_alone(task: Task, unfinished: Sequence[int]) -> Iterator[Task]:
    """Yield each clip of a group with those of the jobs that read no other one."""
    source, keys, jobs = task
    if not isinstance(source, SourceGroup):
        return
    for position, numbers in source.alone().items():
        left = [job for job in numbers if job in unfinished]
        if left:
            own_keys = {job: keys[job] for job in left if job in keys}
            yield source.clips[position], own_keys, {job: jobs[job] for job in left}


class _Lane:
    """A decoder, the thread that runs it, and what it is at.

    Giving up a source and taking the next one exclude each other: a source that a thread takes while it is left behind
    would be nobody's.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.thread: BackgroundThread | None = None
        self.task: Task | None = None
        self.finished: set[int] = set()
        self.busy_since: float | None = None
        self.given_up: Task | None = None
        self._changing = threading.Lock()

    @property
    def is_left_behind(self) -> bool:
        """Its source was given up, and another thread works in its place."""
        return self.given_up is not None

    @property
    def is_unfinished(self) -> bool:
        """Some job of its source has no outcome; a thread that has sent all of them comes to its end by itself."""
        task = self.task
        return task is not None and not self.finished.issuperset(task[2])

    def begin(self, task: Task) -> bool:
        """Note a new source; False: the lane is left behind, and the source is for another one."""
        with self._changing:
            if self.given_up is not None:
                return False
            self.finished.clear()
            self.decoder.watch.restart()
            self.task = task
            self.busy_since = time.monotonic()
            return True

    def end(self) -> Task | None:
        """Note the end of the source, and return it."""
        with self._changing:
            task, self.task, self.busy_since = self.task, None, None
            return task

    def give_up(self, task: Task) -> bool:
        """Leave the lane behind over its source; False: it is at that one no more."""
        with self._changing:
            if self.task is not task:
                return False
            self.given_up = task
            return True


class _SourceEnded:
    """Last message about a source, with the fault that ended its thread, if one did."""

    def __init__(self, lane: _Lane, task: Task | None, failure: BaseException | None) -> None:
        self.lane = lane
        self.task = task
        self.failure = failure
