"""Decoding threads open each source once; what fails is a skip of its jobs, what breaks the run is raised."""

import threading
import time

import numpy as np
import pytest

from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.decode.threads import DecodingThreads, LocalDecoder, content_key_of, make_windows, open_media
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features, Window, get_extractor
from avmeter.files import Url
from avmeter.sample import MediaSource, RemoteAccess, StoredFile
from support.engine import RATE, Blocks, Difference
from support.oversized import write_constant_flac


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
                for index in range(source):
                    yield DecodeEvent(job, index=index)
        finally:
            self.is_decoding = False

    def close(self):
        self.is_closed = True

    def successor(self):
        return Counting()


def test_every_source_is_decoded_once_whichever_thread_does_it():
    """Events of one job come in order."""
    decoders = [Counting() for _ in range(3)]
    with DecodingThreads([(5, None, [job]) for job in range(20)], decoders) as events:
        found = [(e.job, e.index) for e in events]
    assert sorted(found) == [(job, index) for job in range(20) for index in range(5)]
    for job in range(20):
        assert [index for j, index in found if j == job] == list(range(5))
    assert not any(d.is_closed for d in decoders), "all of them had ended"


def test_fault_in_a_decoding_thread_is_raised_where_the_run_waits():
    """It is neither lost nor a hang."""

    class Broken(Counting):
        def decode(self, source, jobs):
            raise RuntimeError("broken decoder")
            yield

    with (
        pytest.raises(RuntimeError, match="broken decoder"),
        DecodingThreads([(1, None, [0])], [Broken(), Broken()]) as events,
    ):
        list(events)


def test_run_that_breaks_off_ends_its_threads_and_closes_its_decoders():
    """Nobody decodes on for nobody."""
    decoders = [Counting(), Counting()]
    with DecodingThreads([(10**9, None, [0]), (10**9, None, [1])], decoders) as events:
        next(iter(events))
    assert all(d.is_closed for d in decoders)
    assert not any(d.is_decoding for d in decoders)


def test_source_that_cannot_be_opened_is_the_skip_of_each_job(tmp_path):
    """Named once per job."""
    events = list(LocalDecoder({3: Blocks(), 4: Blocks()}).decode(MediaSource(path=tmp_path / "absent.wav"), [3, 4]))
    assert [(e.job, e.outcome.code) for e in events] == [(3, SkipCode.MISSING_FILE), (4, SkipCode.MISSING_FILE)]


def test_clip_that_one_extractor_fails_on_is_decoded_for_the_other():
    """A failure costs one job."""

    class Failing(ClipExtractor):
        name, takes = "failing", "audio"

        def extract(self, media):
            raise ZeroDivisionError("oh")

    sound = MediaSource(samples=np.zeros(800, np.float32), sample_rate=RATE)
    failed, window, end = LocalDecoder({0: Failing(), 1: Blocks()}).decode(sound, [0, 1])
    assert (failed.outcome.code, failed.outcome.reason) == (SkipCode.FAILED, "array: ZeroDivisionError: oh")
    assert (window.job, window.window.inputs["x"].shape) == (1, (800,))
    assert (end.job, end.index, end.window) == (1, 1, None)


def test_windows_of_a_derived_feature_come_from_its_parents():
    """No media is opened."""
    parents = {name: Features(arrays={"means": np.array([level])}) for name, level in (("a", 0.5), ("b", 0.25))}
    window, end = make_windows(7, Difference(), parents)
    assert {k: v.item() for k, v in window.window.inputs.items()} == {"a": 0.5, "b": 0.25}
    assert end.index == 1


def test_equal_content_has_an_equal_key(tmp_path):
    """A file is its bytes, an array its values and rate, a text its characters, whatever they are."""
    (tmp_path / "a").write_bytes(b"x")
    assert content_key_of("\ud800") != content_key_of("x")
    assert content_key_of(MediaSource(path=tmp_path / "a")) != content_key_of("x")
    sounds = [MediaSource(samples=np.ones(10, np.float32), sample_rate=rate) for rate in (8000, 8000, 16_000)]
    keys = [content_key_of(s) for s in sounds]
    assert keys[0] == keys[1] != keys[2]


def test_frames_without_a_rate_are_a_named_skip():
    """Nothing can be said about their time."""
    with pytest.raises(SkipError) as caught:
        open_media(MediaSource(frames=np.zeros((2, 4, 4, 3), np.uint8)))
    assert caught.value.code == SkipCode.NO_FRAME_RATE


def test_thread_in_the_middle_of_a_file_is_not_waited_for():
    """A clip that decodes for minutes holds up nobody who stops."""
    release = threading.Event()

    class Endless(Counting):
        def decode(self, source, jobs):
            release.wait(60)
            yield from super().decode(source, jobs)

    asked = iter([False, True])
    started = time.monotonic()
    with DecodingThreads([(1, None, [0])], [Endless()], should_stop=lambda: next(asked, True)) as events:
        assert list(events) == []
    assert time.monotonic() - started < 5
    release.set()


def test_source_that_nothing_comes_out_of_is_given_up_and_the_rest_is_decoded():
    """A decoder that hangs costs its clip, by name, and not the run."""
    release = threading.Event()

    class Hanging(Counting):
        def decode(self, source, jobs):
            yield from super().decode(source, jobs[:1])
            release.wait(60)
            yield from super().decode(source, jobs[1:])

    decoder = Hanging()
    tasks = [(1, None, [0, 1, 2]), (1, None, [3]), (1, None, [4])]
    with DecodingThreads(tasks, [decoder], timeout_s=0.3) as events:
        found = list(events)
    release.set()
    skips = {e.job: e.outcome.code for e in found if e.outcome is not None}
    assert skips == {1: SkipCode.DECODE_TIMEOUT, 2: SkipCode.DECODE_TIMEOUT}
    assert [e.job for e in found if e.outcome is None] == [0, 3, 4]
    assert decoder.is_closed


def test_thread_that_was_given_up_takes_no_other_source():
    """A decoder that was closed ends without an event; the source it would take next is its successor's."""

    class Closed(Counting):
        def close(self):
            super().close()
            closed.set()
            time.sleep(0.3)

        def decode(self, source, jobs):
            if not self.is_closed:
                closed.wait(60)
            yield from ()

    closed = threading.Event()
    tasks = [(1, None, [job]) for job in range(4)]
    with DecodingThreads(tasks, [Closed()], timeout_s=0.2) as events:
        found = {e.job: e.outcome and e.outcome.code for e in events}
    assert found == {0: SkipCode.DECODE_TIMEOUT, 1: None, 2: None, 3: None}


@pytest.mark.parametrize("is_renamed", [True, False], ids=["renamed over", "written over"])
def test_file_that_was_another_while_it_was_read_is_not_taken_for_itself(tmp_path, is_renamed):
    """Replaced before it is opened and put back afterwards: its bytes are those of its key, its feature is not."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"a" * 100)
    key = content_key_of(MediaSource(path=path))

    def replace(content):
        time.sleep(0.02)
        target = tmp_path / "new" if is_renamed else path
        target.write_bytes(content)
        target.replace(path)

    class Replaced(Counting):
        def decode(self, source, jobs):
            replace(b"b" * 100)
            replace(b"a" * 100)
            yield DecodeEvent(jobs[0], outcome=Features())

    with DecodingThreads([(MediaSource(path=path), key, [0])], [Replaced()]) as events:
        (found,) = events
    assert content_key_of(MediaSource(path=path)) == key
    assert found.outcome.code == SkipCode.CHANGED_WHILE_READING


def test_storage_that_fails_at_the_end_is_no_change_of_the_file():
    """Whether the file is still the same could not be asked; the skip says that, and not that it was replaced."""
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file("/threads/a.wav", b"a")
    source = MediaSource(stored=StoredFile(place=Url("memory://threads/a.wav")), access=RemoteAccess(attempts=1))
    key = content_key_of(source)

    class Failing(Counting):
        def decode(self, source, jobs):
            files.store["/threads/a.wav"] = None
            yield DecodeEvent(jobs[0], outcome=Features())

    with DecodingThreads([(source, key, [0])], [Failing()]) as events:
        (found,) = events
    del files.store["/threads/a.wav"]
    assert found.outcome.code == SkipCode.FETCH_FAILED


def test_source_of_which_much_was_decoded_gets_more_time():
    """Hours of sound take minutes to measure; a file that gives nothing gets no more than the base."""

    class Slow(Counting):
        def decode(self, source, jobs):
            self.watch.advance(source)
            time.sleep(0.7)
            yield DecodeEvent(jobs[0], index=1)

    with DecodingThreads([(100.0, None, [0]), (0.0, None, [1])], [Slow()], timeout_s=0.2, timeout_per_s=0.1) as events:
        found = {e.job: e.outcome and e.outcome.code for e in events}
    assert found == {0: None, 1: SkipCode.DECODE_TIMEOUT}


def test_decoder_that_hangs_late_gets_no_more_time_for_what_it_gave():
    """From one packet to the next the base counts, however long the file is."""

    class Stuck(Counting):
        def decode(self, source, jobs):
            self.watch.enter_decoder()
            self.watch.advance(source)
            time.sleep(2)
            yield DecodeEvent(jobs[0], index=1)

    started = time.monotonic()
    with DecodingThreads([(1e6, None, [0])], [Stuck()], timeout_s=0.2, timeout_per_s=1.0) as events:
        (found,) = events
    assert "after 1000000 s of sound and video" in found.outcome.reason
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("extractor", ["loudness", "onsets"])
@pytest.mark.parametrize("after_s", [0.1, 1.5])
def test_thread_in_the_middle_of_a_long_clip_ends_when_the_run_does(tmp_path, extractor, after_s):
    """Without any process: at its next packet or block, in a second, with nobody left behind."""
    path = write_constant_flac(tmp_path / "hours.flac", 5 * 3600)
    threads = DecodingThreads([(MediaSource(path=path), None, [0])], [LocalDecoder({0: get_extractor(extractor)})])
    with threads as events:
        assert list(iter_for(events, after_s)) == []
    (lane,) = events._lanes
    lane.thread.join(3)
    assert not lane.thread.is_alive()


def iter_for(events, seconds):
    ends_at = time.monotonic() + seconds
    events._should_stop = lambda: time.monotonic() > ends_at
    return events


def test_thread_that_waits_for_room_is_not_given_up():
    """A slow network is nothing that a file can be blamed for."""
    window = Window(inputs={"x": np.zeros(2**20, np.uint8)})

    class Large(Counting):
        def decode(self, source, jobs):
            for job in jobs:
                yield DecodeEvent(job, window=window)
                yield DecodeEvent(job, window=window)
                yield DecodeEvent(job, index=2)

    with DecodingThreads([(1, None, [0])], [Large()], timeout_s=0.2) as events:
        events._events._limit_bytes = 1
        found = []
        for event in events:
            found.append(event)
            time.sleep(0.5)
    assert [e.outcome for e in found] == [None] * 3
