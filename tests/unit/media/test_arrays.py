"""Arrays as audio and video: shapes, dtypes, full scales, and what is refused."""

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem, Resize


@pytest.mark.parametrize("shape", [(2, 1000), (1000, 2)])
def test_the_shorter_axis_is_the_channels(shape):
    """(C, N) and (N, C) are told apart."""
    item = MediaItem.from_audio(np.zeros(shape, np.float32), 16_000)
    assert item.audio_facts.num_channels == 2
    assert item.audio_facts.num_samples == 1000


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [("uint8", 192, 0.5), ("int16", 16_384, 0.5), ("int32", 2**30, 0.5), ("float16", 0.5, 0.5), ("float64", 1.5, 1.5)],
)
def test_pcm_arrays_have_their_full_scale(dtype, value, expected):
    """Integers are PCM, floats are taken as they are."""
    wave = MediaItem.from_audio(np.full(100, value, dtype), 16_000).audio(AudioSpec())
    assert np.asarray(wave) == pytest.approx(expected)


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 3, 4), np.float32), np.zeros(10, np.int64), np.zeros((3000, 2000), np.float32), np.zeros(5, bool)],
)
def test_arrays_that_are_no_sound_are_refused(array):
    """Unknown scale or shape is a named skip."""
    with pytest.raises(MediaError) as caught:
        MediaItem.from_audio(array, 16_000)
    assert caught.value.code is SkipCode.UNSUPPORTED


NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


@pytest.mark.parametrize("layout", ["TCHW", "THWC"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_arrays_of_any_layout_and_type_are_one_video(layout, dtype):
    """The same video comes back whatever form it was given in."""
    array = NOISE if layout == "THWC" else NOISE.transpose(0, 3, 1, 2)
    array = array if dtype == "uint8" else (array / 255).astype(dtype)
    array.flags.writeable = False
    item = MediaItem.from_frames(array, 10)
    assert item.frame_times == pytest.approx(np.arange(6) / 10)
    assert item.video_duration_s == pytest.approx(0.6)
    assert (item.info.video[0].height, item.info.video[0].width) == (60, 81)
    found = item.frames(FrameRequest(indices=(5, 0), output="uint8"))
    np.testing.assert_array_equal(found, NOISE[[5, 0]].transpose(0, 3, 1, 2))
    resized = item.frames(FrameRequest(indices=(5,), resize=Resize(short_side=20)))
    assert 0 < resized.mean() < 1


@pytest.mark.parametrize(
    ("array", "fps", "code"),
    [
        (NOISE, None, SkipCode.NO_FRAME_RATE),
        (NOISE, 0.0, SkipCode.NO_FRAME_RATE),
        (NOISE[0], 25, SkipCode.UNSUPPORTED),
        (NOISE[:0], 25, SkipCode.UNSUPPORTED),
        (NOISE[..., :2], 25, SkipCode.UNSUPPORTED),
        (NOISE.astype(np.float32), 25, SkipCode.UNSUPPORTED),
        (NOISE.astype(np.int64), 25, SkipCode.UNSUPPORTED),
        (np.full((2, 3, 8, 8), np.nan, np.float32), 25, SkipCode.NON_FINITE),
    ],
)
def test_arrays_that_are_no_video_are_refused(array, fps, code):
    """Unknown rate, shape, type or range is a named skip."""
    with pytest.raises(MediaError) as caught:
        MediaItem.from_frames(array, fps)
    assert caught.value.code is code
