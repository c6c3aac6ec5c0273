"""One decoding pass for all that take frames as they come."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.engine.decode.frame_pass import pass_frames
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import FrameConsumer, FrameExtractor
from avmeter.features.frames.frame_changes import FrameChangesExtractor
from avmeter.media import MediaItem
from support.media import numbered, write_media


class Summing(FrameExtractor, FrameConsumer):
    """Counts frames, is its own consumer, and fails where it is told to."""

    name = "test_summing"

    def __init__(self, ranges, *, fails_at=None, cuts=False):
        self.ranges = ranges
        self.fails_at = fails_at
        self.cuts = cuts
        self.num = 0

    def consumer(self, *clips):
        return self

    def add(self, *frames):
        if self.num == self.fails_at:
            raise SkipError(SkipCode.NO_EVENTS, "nothing here")
        self.num += 1
        return [Window(inputs={"frame": frames[0]})] if self.cuts else []

    def finish(self):
        return {"n": self.num} if self.cuts else Features(facts={"n": self.num})


@pytest.fixture
def clip(tmp_path):
    """Ten frames in a file."""
    return MediaItem.open(write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10))


def test_file_is_decoded_once_for_all_that_begin_together(clip, monkeypatch) -> None:
    """However many there are and wherever they end; another beginning is another pass."""
    decode, passes = clip._reader.frames, []
    monkeypatch.setattr(clip._reader, "frames", lambda *a, **k: (passes.append(1), decode(*a, **k))[1])
    jobs = {0: Summing((range(10),)), 1: Summing((range(4),)), 2: Summing((range(5, 10),))}
    events = {event.job: event.outcome.facts["n"] for event in pass_frames((clip,), jobs, "clip")}
    assert events == {0: 10, 1: 4, 2: 5}
    assert len(passes) == 2


def test_one_that_fails_leaves_the_others_alone(clip) -> None:
    """Its skip comes at once, and no more frames go to it."""
    jobs = {0: Summing((range(10),), fails_at=3), 1: Summing((range(10),))}
    events = list(pass_frames((clip,), jobs, "clip"))
    assert [event.job for event in events] == [0, 1]
    assert events[0].outcome.code is SkipCode.NO_EVENTS
    assert events[1].outcome.facts == {"n": 10}


def test_windows_come_while_frames_are_decoded_and_facts_at_their_end(clip) -> None:
    """In order, numbered from 0."""
    events = list(pass_frames((clip,), {7: Summing((range(3),), cuts=True)}, "clip"))
    assert [event.index for event in events] == [0, 1, 2, 3]
    assert events[-1].facts == {"n": 3}
    assert isinstance(events[0].window.inputs["frame"], np.ndarray)


def test_clip_without_video_is_a_skip_of_every_job() -> None:
    """By the name of what is missing."""
    sound = MediaItem.from_audio(np.ones(800, np.float32), 8000)
    (event,) = pass_frames((sound,), {0: FrameChangesExtractor()}, "sound")
    assert event.outcome.code is SkipCode.NO_VIDEO_TRACK
