"""Each source is opened once; what fails is a skip of its jobs."""

import numpy as np
import pytest

from avmeter.engine.decode.local_decoder import LocalDecoder, make_windows
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features
from avmeter.media import open_media
from avmeter.sample import MediaSource
from support.engine import RATE, Blocks, Difference


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
