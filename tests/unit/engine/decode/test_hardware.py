"""Video that the run decodes for a decoding process: the same windows, by sessions that are used again."""

import itertools

import numpy as np
import pytest

from avmeter.engine.decode import hardware
from avmeter.engine.decode.hardware import (
    HardwareFrames,
    HardwareOrder,
    HardwareRefusal,
    HardwareSessions,
    _frames_in,
)
from avmeter.engine.decode.worker_pool import DecodeWorkerPool
from avmeter.features.base import get_extractor
from avmeter.media.hardware import CodedStream, coded_packets
from avmeter.media.timestamps import read_timestamps
from avmeter.sample import MediaSource
from support.hardware import PlayedHardware
from support.media import numbered, write_media

STREAM = CodedStream(codec="h264", height=64, width=96)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    sizes = [(64, 96), (64, 96), (96, 64)]
    return [write_media(folder / f"{i}.mp4", frames=numbered(150, *size)) for i, size in enumerate(sizes)]


@pytest.fixture(scope="module")
def pool():
    found = DecodeWorkerPool(1)
    yield found
    found.stop()


def windows(decoder, path):
    extractors = {0: get_extractor("synchformer_video"), 1: get_extractor("imagebind_video")}
    extractors[0].streams_frames = True
    return list(decoder.decode(MediaSource(path=path), extractors))


def assert_alike(ours, theirs):
    assert [(e.job, e.index, e.facts, e.outcome) for e in ours] == [
        (e.job, e.index, e.facts, e.outcome) for e in theirs
    ]
    for our, their in zip(ours, theirs, strict=True):
        for name, array in (their.window.inputs if their.window else {}).items():
            np.testing.assert_array_equal(our.window.inputs[name], array)
    assert any(event.window for event in theirs)


def test_windows_are_those_of_a_process_that_decodes_alone(pool, clips):
    """Frames cross to the process and come back in its windows; one session serves clips of one form."""
    played = PlayedHardware()
    ours, theirs = pool.decoders(hardware=played)[0], pool.decoders()[0]
    for clip in clips:
        assert_alike(windows(ours, clip), windows(theirs, clip))
    assert [session.num_streams for session in played.sessions] == [2, 1]


def test_process_decodes_what_the_card_fails_at(pool, clips):
    """A session that fails in mid-stream is not used again, and the clip loses nothing."""
    played = PlayedHardware(fails_at=3)
    ours, theirs = pool.decoders(hardware=played)[0], pool.decoders()[0]
    for clip in clips[:2]:
        assert_alike(windows(ours, clip), windows(theirs, clip))
    assert [session.num_streams for session in played.sessions] == [1, 1]


def test_process_decodes_frames_that_find_no_room(pool, clips):
    """Where no session can be opened, or a frame is larger than the block, nothing is asked of the card again."""

    class Absent:
        def open(self, stream):
            raise OSError("no such decoder")

    ours, theirs = pool.decoders(hardware=Absent())[0], pool.decoders()[0]
    assert_alike(windows(ours, clips[0]), windows(theirs, clips[0]))


def packets(path, requested):
    """Packets of which these are requested, by their places in the order of showing."""
    stamps = read_timestamps(path, {}).stamps
    return list(coded_packets(path, set(stamps[list(requested)].tolist()), {}, 1 << 20, lambda _: None))


def test_more_frames_than_the_block_holds_come_in_turns(clips):
    """Orders without packets fetch what is ready; only requested frames come, in the order of showing."""
    sessions = HardwareSessions(PlayedHardware())
    memory = np.zeros(3 * STREAM.frame_bytes + 5, np.uint8)
    all_packets = packets(clips[0], requested=range(20, 30))
    first = HardwareOrder(stream=STREAM, packets=all_packets, is_last=False, block=0)
    end = HardwareOrder(stream=None, packets=(), is_last=True, block=0)
    rest = HardwareOrder(stream=None, packets=(), is_last=False, block=0)
    answers = [sessions.answer(order, memory) for order in (first, end, rest, rest, rest)]
    assert [len(answer.stamps) for answer in answers] == [0, 3, 3, 3, 1]
    assert [answer.has_more for answer in answers] == [False, True, True, True, False]
    stamps = read_timestamps(clips[0], {}).stamps[20:30]
    assert [stamp for answer in answers for stamp in answer.stamps] == stamps.tolist()


def test_order_without_a_stream_is_refused():
    """What is left of a stream that has failed gets a reason."""
    answer = HardwareSessions(PlayedHardware()).answer(
        HardwareOrder(stream=None, packets=(), is_last=True, block=0), np.zeros(10, np.uint8)
    )
    assert answer == HardwareRefusal(reason="ValueError: no stream was begun")


def test_stream_that_was_left_in_the_middle_ends_its_session(clips):
    """Its decoder still holds frames, which must not become those of the next stream."""
    played = PlayedHardware()
    sessions = HardwareSessions(played)
    memory = np.zeros(40 * STREAM.frame_bytes, np.uint8)
    half = packets(clips[0], requested=range(150))[:60]
    for _ in range(2):
        answer = sessions.answer(HardwareOrder(stream=STREAM, packets=half, is_last=False, block=0), memory)
        assert isinstance(answer, HardwareFrames)
        assert answer.stamps[0] == 0
    assert len(played.sessions) == 2


def test_sessions_are_kept_for_a_few_forms(clips, monkeypatch):
    """The one that was used longest ago goes."""
    monkeypatch.setattr(hardware, "_MAX_IDLE", 1)
    played = PlayedHardware()
    sessions = HardwareSessions(played)
    memory = np.zeros(200 * STREAM.frame_bytes, np.uint8)
    other = CodedStream(codec="h264", height=96, width=64)
    for clip, stream in ((clips[0], STREAM), (clips[2], other), (clips[0], STREAM)):
        order = HardwareOrder(stream=stream, packets=packets(clip, requested=[0]), is_last=True, block=0)
        assert sessions.answer(order, memory) == HardwareFrames(stamps=(0,), has_more=False)
    assert len(played.sessions) == 3


@pytest.mark.parametrize("lost", [{7}, {149}, {40, 41}], ids=str)
def test_frames_that_went_astray_are_found_before_they_are_handed_out(clips, lost):
    """Frames after a lost one would have the time stamps of others: from the last proven one on, libav decodes."""

    class Losing(PlayedHardware):
        def open(self, stream):
            session = super().open(stream)
            decode, shown = session.decode, itertools.count()
            session.decode = lambda *a: [pair for pair in decode(*a) if next(shown) not in lost]
            return session

    memory = np.zeros(150 * STREAM.frame_bytes, np.uint8)
    sessions = HardwareSessions(Losing())
    all_packets = packets(clips[0], requested=range(150))
    came = []
    for start in range(0, 180, 30):
        part = all_packets[start : start + 30]
        order = HardwareOrder(stream=None if start else STREAM, packets=part, is_last=not part, block=0)
        answer = sessions.answer(order, memory)
        if isinstance(answer, HardwareRefusal):
            break
        levels = [frame[:64].mean() for frame in _frames_in(memory, STREAM)[: len(answer.stamps)]]
        came += zip(answer.stamps, levels, strict=True)
    assert isinstance(answer, HardwareRefusal)
    assert len(came) <= min(lost)
    expected = {
        stamp: 0.859 * ((10 + 4 * i) % 256) + 16 for i, stamp in enumerate(read_timestamps(clips[0], {}).stamps)
    }
    assert [level for _, level in came] == pytest.approx([expected[stamp] for stamp, _ in came], abs=3)
