"""Mean squared errors of frames against those of a reference."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.frame_stream import frames_in_step
from avmeter.features.frames.frame_mse import FrameMseExtractor
from avmeter.media import MediaItem
from support.frame_pairs import waves_and_noise


def measure(generated: MediaItem, reference: MediaItem):
    """Return the features of a pair, in a pass of its own."""
    consumer = FrameMseExtractor().consumer(generated, reference)
    for frames in frames_in_step((generated, reference), consumer.ranges):
        assert not consumer.add(*frames)
    return consumer.finish()


def test_error_of_each_frame_is_the_mean_of_squares_in_double_precision() -> None:
    """Of pixels from 0 to 1; bytes and floats alike."""
    generated, reference = waves_and_noise()
    expected = ((generated / 255 - reference / 255) ** 2).mean(axis=(1, 2, 3))
    for scale in (np.uint8(1), np.float32(1 / 255)):
        clips = [MediaItem.from_frames(frames * scale, 25) for frames in (generated, reference)]
        np.testing.assert_allclose(measure(*clips)["mse"], expected, rtol=1e-5)


def test_longer_clip_is_cut_and_both_lengths_are_reported() -> None:
    """As FastVideo does, and unlike it, visibly."""
    generated, reference = waves_and_noise()
    found = measure(MediaItem.from_frames(generated, 25), MediaItem.from_frames(reference[:3], 25))
    assert len(found["mse"]) == 3
    assert found.facts == {"num_frames": 3, "num_generated_frames": 4, "num_reference_frames": 3}


@pytest.mark.parametrize(
    ("fps", "width", "code", "text"),
    [
        (30, 64, SkipCode.FRAME_RATE_MISMATCH, r"25\.000 frames per second"),
        (25, 62, SkipCode.FRAME_SIZE_MISMATCH, "64x48 and array 62x48"),
    ],
)
def test_clips_that_do_not_match_are_a_skip_that_says_why(fps, width, code, text) -> None:
    """Rates and sizes are named; nothing is compared."""
    generated, reference = waves_and_noise()
    with pytest.raises(SkipError, match=text) as caught:
        measure(MediaItem.from_frames(generated, 25), MediaItem.from_frames(reference[:, :, :width], fps))
    assert caught.value.code is code


def test_rates_of_film_and_television_match() -> None:
    """23.976 and 24 frames per second are one rate with two names."""
    generated, reference = waves_and_noise()
    found = measure(MediaItem.from_frames(generated, 24000 / 1001), MediaItem.from_frames(reference, 24))
    assert len(found["mse"]) == 4
