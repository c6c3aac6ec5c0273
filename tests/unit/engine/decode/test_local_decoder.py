"""Each source is opened once; what fails is a skip of its jobs."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.engine.decode.local_decoder import LocalDecoder, make_windows
from avmeter.engine.decode.messages import SourceGroup
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features, get_extractor
from avmeter.media import file_reader, open_media
from avmeter.sample import MediaSource
from support.engine import RATE, Blocks, Difference
from support.media import numbered, write_media


def test_source_that_cannot_be_opened_is_the_skip_of_each_job(tmp_path):
    """Named once per job."""
    events = list(LocalDecoder().decode(MediaSource(path=tmp_path / "absent.wav"), {3: Blocks(), 4: Blocks()}))
    assert [(e.job, e.outcome.code) for e in events] == [(3, SkipCode.MISSING_FILE), (4, SkipCode.MISSING_FILE)]


def test_clip_that_one_extractor_fails_on_is_decoded_for_the_other():
    """A failure costs one job."""

    class Failing(ClipExtractor):
        name, takes = "failing", "audio"

        def extract(self, media):
            raise ZeroDivisionError("oh")

    sound = MediaSource(samples=np.zeros(800, np.float32), sample_rate=RATE)
    failed, window, end = LocalDecoder().decode(sound, {0: Failing(), 1: Blocks()})
    assert (failed.outcome.code, failed.outcome.reason) == (SkipCode.FAILED, "array: ZeroDivisionError: oh")
    assert (window.job, window.window.inputs["x"].shape) == (1, (800,))
    assert (end.job, end.index, end.window) == (1, 1, None)


def test_array_that_an_extractor_fills_for_each_clip_is_copied():
    """The features of a clip are not those of the next, and not changed by it."""

    class Reusing(ClipExtractor):
        name = "test_reusing"
        takes = "audio"
        buffer = np.zeros(1)

        def extract(self, media):
            self.buffer += 1
            return Features(arrays={"x": self.buffer})

    extractor = Reusing()
    first, second = (next(make_windows(0, extractor, None)) for _ in range(2))
    assert (first.outcome["x"][0], second.outcome["x"][0]) == (1, 2)


def test_windows_of_a_derived_feature_come_from_its_parents():
    """No media is opened."""
    parents = {name: Features(arrays={"means": np.array([level])}) for name, level in (("a", 0.5), ("b", 0.25))}
    window, end = make_windows(7, Difference(), parents)
    assert {k: v.item() for k, v in window.window.inputs.items()} == {"a": 0.5, "b": 0.25}
    assert end.index == 1


def test_frames_without_a_rate_are_a_named_skip():
    """Nothing can be said about their time."""
    with pytest.raises(SkipError) as caught:
        open_media(MediaSource(frames=np.zeros((2, 4, 4, 3), np.uint8)))
    assert caught.value.code == SkipCode.NO_FRAME_RATE


def test_frames_without_a_rate_are_read_by_what_goes_by_number():
    """Alone, and beside a reference that has a rate: whoever needs time has it from the clip itself or not at all."""
    clip = MediaSource(frames=numbered(5), samples=np.zeros(800, np.float32), sample_rate=RATE)
    reference = MediaSource(frames=numbered(5), fps=10.0)
    jobs = {0: get_extractor("frame_changes"), 1: get_extractor("motion"), 2: Blocks(), 3: get_extractor("frame_mse")}
    for clips, reads in (((clip,), {}), ((clip, reference), {3: (0, 1)})):
        group = SourceGroup(clips=clips, reads={0: (0,), 1: (0,), 2: (0,), **reads})
        events = list(LocalDecoder().decode(group, {job: jobs[job] for job in group.reads}))
        found = {event.job: event.outcome for event in events if event.outcome is not None}
        assert found[0].facts["num_frames"] == 5
        assert found[1].code == SkipCode.NO_FRAME_RATE
        assert any(event.job == 2 and event.window is not None for event in events)
        assert not reads or found[3].facts["num_frames"] == 5


def test_reference_that_cannot_be_opened_leaves_what_reads_the_clip_alone(tmp_path):
    """The pair and what reads the reference are skips, by the name of the file that is absent."""
    clip = MediaSource(path=write_media(tmp_path / "a.mp4", frames=numbered(5), fps=10))
    group = SourceGroup(clips=(clip, MediaSource(path=tmp_path / "absent.mp4")), reads={0: (0, 1), 1: (0,), 2: (1,)})
    jobs = {0: get_extractor("frame_mse"), 1: get_extractor("frame_changes"), 2: get_extractor("frame_changes")}
    found = {e.job: e.outcome for e in LocalDecoder().decode(group, jobs)}
    assert found[1].facts["num_frames"] == 5
    assert [found[n].code for n in (0, 2)] == [SkipCode.MISSING_FILE] * 2
    assert "absent.mp4" in found[0].reason


def test_clips_side_by_side_serve_requests_and_streams_in_one_pass(tmp_path, monkeypatch):
    """Frames that are asked for, and those that are taken as they come, of one clip and of both."""
    paths = [write_media(tmp_path / f"{n}.mp4", frames=numbered(8), fps=10) for n in "ab"]
    decoded, decode = [], file_reader.decode_frames
    monkeypatch.setattr(
        file_reader,
        "decode_frames",
        lambda file, *a, **k: (decoded.append(Path(str(file)).name), decode(file, *a, **k))[1],
    )
    group = SourceGroup(clips=tuple(MediaSource(path=p) for p in paths), reads={0: (0, 1), 1: (0,), 2: (1,), 3: (0,)})
    names = ("frame_mse", "motion", "motion", "frame_changes")
    found = list(LocalDecoder().decode(group, {n: get_extractor(name) for n, name in enumerate(names)}))
    assert sorted(e.job for e in found) == [0, 1, 2, 3]
    assert all(isinstance(e.outcome, Features) for e in found)
    assert sorted(decoded) == ["a.mp4", "b.mp4"]
