"""Decoding threads take one source after the other; one that hangs is given up, what breaks the run is raised."""

import contextlib
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from avmeter.engine.decode import threads as threads_module
from avmeter.engine.decode import watch as watch_module
from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import DecodeEvent, SourceGroup
from avmeter.engine.decode.threads import DecodingThreads
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.failures import never
from avmeter.errors import SkipCode
from avmeter.features.base import Window, get_extractor
from avmeter.sample import MediaSource
from support.oversized import write_constant_flac

TIMEOUT_S = 60


class Clock:
    """The clock of decoding threads, which a test sets forward in place of waiting."""

    ahead_s = 0.0

    def monotonic(self):
        return time.monotonic() + self.ahead_s


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (threads_module, watch_module):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Counting:
    """A decoder whose sources are numbers of events."""

    def __init__(self):
        self.is_closed = False
        self.is_decoding = False
        self.watch = DecodeWatch()

    def decode(self, source, jobs):
        self.is_decoding = True
        try:
            for job in jobs:
                for index in range(source - 1):
                    yield DecodeEvent(job, index=index, window=Window(inputs={}))
                yield DecodeEvent(job, index=source - 1)
        finally:
            self.is_decoding = False

    def close(self):
        self.is_closed = True

    def successor(self):
        return Counting()


@contextlib.contextmanager
def decoding(tasks, decoders, *, should_stop=never, **timeouts):
    """All events of these sources, as they come."""
    with DecodingThreads(decoders, **timeouts) as threads:
        threads.add(tasks)
        yield events_of(threads, should_stop)


def events_of(threads, should_stop=never):
    while not threads.is_idle and not should_stop():
        event = threads.get(0.1)
        if event is not None:
            yield event


def test_every_source_is_decoded_once_whichever_thread_does_it():
    """Events of one job come in order."""
    decoders = [Counting() for _ in range(3)]
    with decoding([(5, {}, [job]) for job in range(20)], decoders) as events:
        found = [(e.job, e.index) for e in events]
    assert sorted(found) == [(job, index) for job in range(20) for index in range(5)]
    for job in range(20):
        assert [index for j, index in found if j == job] == list(range(5))
    assert not any(d.is_closed for d in decoders), "all of them had ended"


def test_sources_that_are_added_later_are_decoded_by_the_same_threads():
    """As many threads as there are sources at a time, and never more than decoders."""
    decoders = [Counting() for _ in range(3)]
    with DecodingThreads(decoders) as threads:
        assert threads.is_idle
        threads.add([(1, {}, [0])])
        assert len(list(events_of(threads))) == 1
        assert len(threads._lanes) == 1
        threads.add((1, {}, [job]) for job in range(1, 8))
        assert not threads.is_idle
        assert sorted(e.job for e in events_of(threads)) == list(range(1, 8))
        assert len(threads._lanes) == 3
    assert not any(d.is_closed for d in decoders)
    assert not any(lane.thread.is_alive() for lane in threads._lanes)


def test_more_is_wanted_once_fewer_sources_wait_than_there_are_threads():
    """Not when all are decoded: by then threads would have nothing to do."""
    release = threading.Semaphore(0)

    class Held(Counting):
        def decode(self, source, jobs):
            release.acquire()
            yield from super().decode(source, jobs)

    with DecodingThreads([Held(), Held()]) as threads:
        assert threads.wants_more
        threads.add([(1, {}, [job]) for job in range(4)])
        found = []
        while threads._tasks.qsize() > 2:
            time.sleep(0.01)
        assert not threads.wants_more
        release.release()
        while not found:
            found = [e for e in [threads.get(0.1)] if e is not None]
        while threads._tasks.qsize() > 1:
            time.sleep(0.01)
        assert threads.wants_more
        for _ in range(8):
            release.release()
        assert len(found) + len(list(events_of(threads))) == 4


def test_fault_in_a_decoding_thread_is_raised_where_the_run_waits():
    """It is neither lost nor a hang."""

    class Broken(Counting):
        def decode(self, source, jobs):
            raise RuntimeError("broken decoder")
            yield

    with (
        pytest.raises(RuntimeError, match="broken decoder"),
        decoding([(1, {}, [0])], [Broken(), Broken()]) as events,
    ):
        list(events)


def test_run_that_breaks_off_ends_its_threads_and_closes_its_decoders():
    """Nobody decodes on for nobody."""
    decoders = [Counting(), Counting()]
    with decoding([(10**9, {}, [0]), (10**9, {}, [1])], decoders) as events:
        assert {next(events).job for _ in iter(lambda: all(d.is_decoding for d in decoders), True)} <= {0, 1}
    assert all(d.is_closed for d in decoders)
    assert not any(d.is_decoding for d in decoders)


def test_decoder_that_has_sent_every_outcome_is_not_closed_over_what_it_still_says():
    """Closing ends its process, and the next run would wait for another."""
    release = threading.Event()

    class Late(Counting):
        def decode(self, source, jobs):
            yield from (DecodeEvent(job) for job in jobs)
            release.wait(120)  # the last words of a process

    decoder = Late()
    with decoding([(1, {}, dict.fromkeys((3, 4)))], [decoder]) as events:
        assert [next(events).job, next(events).job] == [3, 4]
        threading.Timer(0.2, release.set).start()
    assert not decoder.is_closed


def test_thread_in_the_middle_of_a_file_is_not_waited_for():
    """A clip that decodes for minutes holds up nobody who stops."""
    release = threading.Event()

    class Endless(Counting):
        has_gone_on = False

        def decode(self, source, jobs):
            release.wait(600)
            self.has_gone_on = True
            yield from super().decode(source, jobs)

    asked = iter([False, True])
    decoder = Endless()
    with decoding([(1, {}, [0])], [decoder], should_stop=lambda: next(asked, True)) as events:
        assert list(events) == []
    assert not decoder.has_gone_on
    release.set()


def test_source_that_nothing_comes_out_of_is_given_up_and_the_rest_is_decoded(clock):
    """A decoder that hangs costs its clip, by name, and not the run."""
    release = threading.Event()

    class Hanging(Counting):
        def decode(self, source, jobs):
            yield from super().decode(source, jobs[:1])
            clock.ahead_s += 2 * TIMEOUT_S
            release.wait(600)
            yield from super().decode(source, jobs[1:])

    decoder = Hanging()
    tasks = [(1, {}, [0, 1, 2]), (1, {}, [3]), (1, {}, [4])]
    with decoding(tasks, [decoder], timeout_s=TIMEOUT_S) as events:
        found = list(events)
    release.set()
    skips = {e.job: e.outcome.code for e in found if e.outcome is not None}
    assert skips == {1: SkipCode.DECODE_TIMEOUT, 2: SkipCode.DECODE_TIMEOUT}
    assert [e.job for e in found if e.outcome is None] == [0, 3, 4]
    assert decoder.is_closed


def test_source_before_one_that_hangs_counts_though_the_run_looks_late(clock):
    """A run that is busy elsewhere finds the end of the one and the other given up at once, and comes to its end."""

    class Hanging(Counting):
        def decode(self, source, jobs):
            if 1 in jobs:
                clock.ahead_s += 2 * TIMEOUT_S
                hangs.set()
                closed.wait(600)
            yield from super().decode(source, jobs)

        def close(self):
            closed.set()

    hangs, closed = threading.Event(), threading.Event()
    turns, tasks = iter(range(600)), [(1, {}, [0]), (1, {}, [1])]
    with decoding(tasks, [Hanging()], timeout_s=TIMEOUT_S, should_stop=lambda: next(turns, None) is None) as events:
        assert hangs.wait(120)
        found = {e.job: e.outcome and e.outcome.code for e in events}
    assert found == {0: None, 1: SkipCode.DECODE_TIMEOUT}
    assert next(turns, None) is not None, "the run has no end"


def test_thread_that_was_given_up_takes_no_other_source(clock):
    """A decoder that was closed ends without an event; the source it would take next is its successor's."""

    class Closed(Counting):
        def close(self):
            super().close()
            closed.set()
            time.sleep(0.3)

        def decode(self, source, jobs):
            if not self.is_closed:
                clock.ahead_s += 2 * TIMEOUT_S
                closed.wait(600)
            yield from ()

    closed = threading.Event()
    tasks = [(1, {}, [job]) for job in range(4)]
    with decoding(tasks, [Closed()], timeout_s=TIMEOUT_S) as events:
        found = {e.job: e.outcome and e.outcome.code for e in events}
    assert found == {0: SkipCode.DECODE_TIMEOUT, 1: None, 2: None, 3: None}


def test_source_of_which_much_was_decoded_gets_more_time(clock):
    """Hours of sound take minutes to measure; a file that gives nothing gets no more than the base."""

    class Slow(Counting):
        def decode(self, source, jobs):
            self.watch.advance(source)
            clock.ahead_s += 2 * TIMEOUT_S
            closed.wait(0.3 if source else 600)  # some turns of the run, or until it is given up
            yield DecodeEvent(jobs[0], index=1)

        def close(self):
            closed.set()

    closed = threading.Event()
    with decoding([(1e3, {}, [0]), (0.0, {}, [1])], [Slow()], timeout_s=TIMEOUT_S, timeout_per_s=1.0) as events:
        found = {e.job: e.outcome and e.outcome.code for e in events}
    assert found == {0: None, 1: SkipCode.DECODE_TIMEOUT}


def test_decoder_that_hangs_late_gets_no_more_time_for_what_it_gave(clock):
    """From one packet to the next the base counts, however long the file is."""

    class Stuck(Counting):
        def decode(self, source, jobs):
            self.watch.enter_decoder()
            self.watch.advance(source)
            clock.ahead_s += 2 * TIMEOUT_S
            closed.wait(600)
            yield DecodeEvent(jobs[0], index=1)

        def close(self):
            closed.set()

    closed = threading.Event()
    with decoding([(1e6, {}, [0])], [Stuck()], timeout_s=TIMEOUT_S, timeout_per_s=1.0) as events:
        (found,) = events
    assert "after 1000000 s of sound and video" in found.outcome.reason


@pytest.mark.parametrize("extractor", ["loudness", "onsets"])
@pytest.mark.parametrize("after_s", [0.1, 1.5])
def test_thread_in_the_middle_of_a_long_clip_ends_when_the_run_does(tmp_path, extractor, after_s):
    """Without any process: at its next packet or block, with nobody left behind."""
    path = write_constant_flac(tmp_path / "hours.flac", 5 * 3600)
    with DecodingThreads([LocalDecoder()]) as threads:
        threads.add([(MediaSource(path=path), {}, {0: get_extractor(extractor)})])
        ends_at = time.monotonic() + after_s
        assert list(events_of(threads, lambda: time.monotonic() > ends_at)) == []
    (lane,) = threads._lanes
    lane.thread.join(120)
    assert not lane.thread.is_alive()


def test_clip_beside_one_that_never_ends_is_decoded_by_itself(clock):
    """What reads it alone has its events, though for a while it looked as if it were to blame; the pair is a skip."""

    class Stuck(Counting):
        def decode(self, source, jobs):
            if isinstance(source, SourceGroup):
                clock.ahead_s += 2 * TIMEOUT_S
                while not self.is_closed:
                    time.sleep(0.01)
                return
            yield from (DecodeEvent(job, index=7) for job in jobs)

        def successor(self):
            return Stuck()

    clips = (MediaSource(path=Path("a")), MediaSource(path=Path("b")))
    group = SourceGroup(clips=clips, reads={0: (0, 1), 1: (0,), 2: (1,)})
    with decoding([(group, {}, dict.fromkeys(range(3)))], [Stuck()], timeout_s=TIMEOUT_S) as events:
        found = {e.job: e for e in events}
    assert found[0].outcome.code == SkipCode.DECODE_TIMEOUT
    assert (found[1].index, found[2].index) == (7, 7)


def test_thread_that_waits_for_room_is_not_given_up(clock):
    """A slow network is nothing that a file can be blamed for."""
    window = Window(inputs={"x": np.zeros(2**20, np.uint8)})

    class Large(Counting):
        def decode(self, source, jobs):
            for job in jobs:
                yield DecodeEvent(job, window=window)
                yield DecodeEvent(job, window=window)
                yield DecodeEvent(job, index=2)

    with DecodingThreads([Large()], timeout_s=TIMEOUT_S) as threads:
        threads._events._limit_bytes = 1
        threads.add([(1, {}, [0])])
        found = []
        for event in events_of(threads):
            found.append(event)
            while threads._lanes[0].busy_since is not None:  # until it waits, or has nothing more to send
                time.sleep(0.01)
            clock.ahead_s += 2 * TIMEOUT_S
    assert [e.outcome for e in found] == [None] * 3


def test_source_that_a_thread_takes_while_the_one_before_is_looked_at_is_decoded(clock):
    """The one before came to its end just as it was to be given up: nothing is, and both have their events."""

    class Slow(Counting):
        def __init__(self):
            self.first_ends, self.second_began = threading.Event(), threading.Event()
            self.run = threading.current_thread()
            super().__init__()

        @property
        def watch(self):
            if threading.current_thread() is self.run and clock.ahead_s:
                clock.ahead_s = 0.0
                self.first_ends.set()
                self.second_began.wait(600)
            return self._watch

        @watch.setter
        def watch(self, watch):
            self._watch = watch

        def decode(self, source, jobs):
            if source == 1:
                clock.ahead_s = 2 * TIMEOUT_S
                self.first_ends.wait(600)
            else:
                self.second_began.set()
            yield DecodeEvent(jobs[0], index=source)

    decoder, ends_at = Slow(), time.monotonic() + 20
    with DecodingThreads([decoder], timeout_s=TIMEOUT_S) as threads:
        threads.add([(1, {}, [0]), (2, {}, [1])])
        found = [(e.job, e.index, e.outcome) for e in events_of(threads, lambda: time.monotonic() > ends_at)]
        assert threads.is_idle
    assert found == [(0, 1, None), (1, 2, None)]
    assert not decoder.is_closed
