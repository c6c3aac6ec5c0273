"""One decoding pass for all that take frames as they come."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.engine.decode.frame_pass import StreamedJob, pass_frames
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


def passed(jobs, *clips, reads=None):
    """Events of jobs that read the first clip, or what is said."""
    reads = reads or dict.fromkeys(jobs, (0,))
    return pass_frames(dict(enumerate(clips)), {n: StreamedJob(e, reads[n], f"job {n}") for n, e in jobs.items()})


@pytest.fixture
def clip(tmp_path):
    """Ten frames in a file."""
    return MediaItem.open(write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10))


def test_file_is_decoded_once_for_all_that_begin_together(clip, monkeypatch) -> None:
    """However many there are and wherever they end; another beginning is another pass."""
    decode, passes = clip._reader.frames, []
    monkeypatch.setattr(clip._reader, "frames", lambda *a, **k: (passes.append(1), decode(*a, **k))[1])
    jobs = {0: Summing((range(10),)), 1: Summing((range(4),)), 2: Summing((range(5, 10),))}
    events = {event.job: event.outcome.facts["n"] for event in passed(jobs, clip)}
    assert events == {0: 10, 1: 4, 2: 5}
    assert len(passes) == 2


def test_array_that_is_filled_for_each_clip_is_copied(clip, monkeypatch) -> None:
    """The features of a clip stay as they are while the next is read."""
    buffer = np.zeros(1)

    def finish(self):
        buffer[:] += 1
        return Features(arrays={"n": buffer})

    monkeypatch.setattr(Summing, "finish", finish)
    outcomes = [event.outcome for event in passed({0: Summing((range(3),)), 1: Summing((range(5),))}, clip)]
    assert [outcome["n"][0] for outcome in outcomes] == [1, 2]


def test_one_that_fails_leaves_the_others_alone(clip) -> None:
    """Its skip comes at once, and no more frames go to it."""
    jobs = {0: Summing((range(10),), fails_at=3), 1: Summing((range(10),))}
    events = list(passed(jobs, clip))
    assert [event.job for event in events] == [0, 1]
    assert events[0].outcome.code is SkipCode.NO_EVENTS
    assert events[1].outcome.facts == {"n": 10}


def test_windows_come_while_frames_are_decoded_and_facts_at_their_end(clip) -> None:
    """In order, numbered from 0."""
    events = list(passed({7: Summing((range(3),), cuts=True)}, clip))
    assert [event.index for event in events] == [0, 1, 2, 3]
    assert events[-1].facts == {"n": 3}
    assert isinstance(events[0].window.inputs["frame"], np.ndarray)


def test_clip_without_video_is_a_skip_of_every_job() -> None:
    """By the name of what is missing."""
    sound = MediaItem.from_audio(np.ones(800, np.float32), 8000)
    (event,) = passed({0: FrameChangesExtractor()}, sound)
    assert event.outcome.code is SkipCode.NO_VIDEO_TRACK


def test_clips_side_by_side_are_decoded_once_for_jobs_over_one_and_over_both(tmp_path, monkeypatch) -> None:
    """Whatever the order of the jobs, and which clip is longer; one more beginning is one more pass of that clip."""
    clips = [
        MediaItem.open(write_media(tmp_path / f"{n}.mp4", frames=numbered(num), fps=10))
        for n, num in enumerate((10, 6))
    ]
    passes = []
    for number, item in enumerate(clips):
        decode = item._reader.frames
        monkeypatch.setattr(
            item._reader, "frames", lambda *a, n=number, d=decode, **k: (passes.append(n), d(*a, **k))[1]
        )
    jobs = {
        0: Summing((range(10),)),
        1: Summing((range(6),)),
        2: Summing((range(6), range(6))),
        3: Summing((range(2, 8),)),
        4: Summing((range(5), range(5), range(0))),
    }
    reads = {0: (0,), 1: (1,), 2: (0, 1), 3: (0,), 4: (1, 0, None)}
    events = {event.job: event.outcome.facts["n"] for event in passed(jobs, *clips, reads=reads)}
    assert events == {0: 10, 1: 6, 2: 6, 3: 6, 4: 5}
    assert sorted(passes) == [0, 0, 1]


def test_clip_that_breaks_off_ends_only_what_still_needs_it(clip, monkeypatch) -> None:
    """Jobs over the other clip go on, and so does one that had all of its frames."""
    broken = MediaItem.from_frames(numbered(10), 10.0)

    def frame_groups(*_args, **_options):
        yield from (frame[None] for frame in numbered(4))
        raise SkipError(SkipCode.DECODE_ERROR, "no more")

    monkeypatch.setattr(broken, "frame_groups", frame_groups)
    jobs = {
        0: Summing((range(10),)),
        1: Summing((range(10), range(10))),
        2: Summing((range(10),)),
        3: Summing((range(4),)),
    }
    reads = {0: (0,), 1: (0, 1), 2: (1,), 3: (1,)}
    events = {event.job: event.outcome for event in passed(jobs, clip, broken, reads=reads)}
    assert [events[n].code for n in (1, 2)] == [SkipCode.DECODE_ERROR] * 2
    assert [events[n].facts["n"] for n in (0, 3)] == [10, 4]
