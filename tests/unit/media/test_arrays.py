"""Arrays as audio and video: shapes, dtypes, full scales, and what is refused."""

import numpy as np
import pytest
import torch

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem, Resize
from avmeter.media.arrays import frames_from_array, samples_from_array


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


@pytest.mark.parametrize(("bits", "factor"), [(24, 256), (16, 65_536)])
def test_int32_with_values_of_fewer_bits_is_refused_with_the_factor(bits, factor):
    """Read by the full scale of its type it would be 48 or 96 dB too quiet; multiplied it is right."""
    narrow = np.array([0, 3, -7, 1, -(1 << (bits - 1))], np.int32)
    with pytest.raises(MediaError, match=f"look like {bits} bits") as caught:
        samples_from_array(narrow, "clip")
    assert caught.value.code is SkipCode.UNSUPPORTED
    assert f"multiply by {factor}" in caught.value.hint
    assert samples_from_array(narrow * factor, "clip").min() == -1


@pytest.mark.parametrize("values", [[], [0, 0], [3 << 16, -(100 << 16)], [(1 << 23) + 1, 5]])
def test_int32_of_silence_or_of_its_full_scale_is_read(values):
    """Zeros, quiet values of 16 bits at the upper end, and anything that 24 bits do not hold."""
    values = np.array(values, np.int32)
    np.testing.assert_allclose(samples_from_array(values, "clip")[:, 0], values / 2.0**31)


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
        (NOISE.astype(np.int64) + 1, 25, SkipCode.UNSUPPORTED),
        (np.full((2, 3, 8, 8), np.nan, np.float32), 25, SkipCode.NON_FINITE),
    ],
)
def test_arrays_that_are_no_video_are_refused(array, fps, code):
    """Unknown rate, shape, type or range is a named skip."""
    with pytest.raises(MediaError) as caught:
        MediaItem.from_frames(array, fps)
    assert caught.value.code is code


VIDEO = NOISE[:4]
SHAPES = {
    "THWC": VIDEO,
    "TCHW": VIDEO.transpose(0, 3, 1, 2),
    "CTHW": VIDEO.transpose(3, 0, 1, 2),
    "1TCHW": VIDEO.transpose(0, 3, 1, 2)[None],
    "1CTHW": VIDEO.transpose(3, 0, 1, 2)[None],
    "1THWC": VIDEO[None],
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_order_of_axes_that_generators_return_is_one_video(shape):
    """Batches of one, channels first or last, time before or after channels."""
    np.testing.assert_array_equal(frames_from_array(SHAPES[shape], "clip"), VIDEO)


VIDEO_DTYPES = ["uint8", "int16", "int32", "int64", "uint16", "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", VIDEO_DTYPES)
@pytest.mark.parametrize("is_tensor", [False, True], ids=["numpy", "torch"])
def test_every_dtype_of_frames_is_read(dtype, is_tensor):
    """Integers from 0 to 255, floats from 0 to 1."""
    array = (VIDEO / 255).astype(dtype) if dtype.startswith("float") else VIDEO.astype(dtype)
    found = frames_from_array(torch.from_numpy(array) if is_tensor else array, "clip")
    scale = 255 if found.dtype.kind == "f" else 1
    np.testing.assert_allclose(found.astype(np.float64) * scale, VIDEO, atol=0.2)


def test_bfloat16_frames_are_those_of_the_same_values_in_float32():
    """Every bfloat16 is a float32."""
    frames = (torch.from_numpy(VIDEO.copy()) / 255).bfloat16()
    np.testing.assert_array_equal(frames_from_array(frames, "clip"), frames.float().numpy())


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((2, 4, 3, 8, 8), np.uint8), r"frames of shape \(2, 4, 3, 8, 8\) and dtype uint8"),
        (np.zeros((3, 1, 8, 8), np.float32), r"three grey frames, or one in colour"),
        (np.zeros((1, 3, 1, 8, 8), np.float32), r"shape \(1, 3, 1, 8, 8\).*one in colour"),
        (np.zeros((8, 8, 3), np.float32), r"frames of shape \(8, 8, 3\) and dtype float32"),
        (np.full((2, 3, 8, 8), -0.5, np.float32), r"from -0.5 to -0.5"),
        (np.full((2, 3, 8, 8), 300, np.int16), r"int16 from 300 to 300"),
        (np.zeros((2, 3, 8, 8), bool), r"dtype bool"),
        (np.zeros((2, 3, 8, 8), np.complex64), r"dtype complex64"),
    ],
)
def test_frames_that_are_not_understood_are_described(array, text):
    """Shape, dtype or range stand in the message."""
    with pytest.raises(MediaError, match=text) as caught:
        frames_from_array(array, "clip")
    assert caught.value.code is SkipCode.UNSUPPORTED


AUDIO_SHAPES = [(800,), (1, 800), (800, 1), (1, 1, 800), (2, 800), (800, 2), (1, 2, 800), (1, 800, 2)]


@pytest.mark.parametrize("shape", AUDIO_SHAPES, ids=str)
def test_every_shape_of_audio_is_read(shape):
    """(N,), (C, N), (N, C), alone or in a batch of one."""
    num_channels = 2 if 2 in shape else 1
    samples = np.random.default_rng(0).uniform(-1, 1, (800, num_channels)).astype(np.float32)
    array = np.ascontiguousarray(samples if shape[-1] != 800 else samples.T).reshape(shape)
    np.testing.assert_array_equal(samples_from_array(array, "clip"), samples)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64", "int16", "int32", "uint8"])
def test_every_dtype_of_tensors_is_read(dtype):
    """0.5 of full scale is 0.5, whatever holds it."""
    value = {"int16": 2**14, "int32": 2**30, "uint8": 192}.get(dtype, 0.5)
    samples = samples_from_array(torch.full((100,), value, dtype=getattr(torch, dtype)), "clip")
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, 0.5)


def test_tensor_that_learns_is_read():
    """Gradients are no obstacle."""
    np.testing.assert_array_equal(samples_from_array(torch.ones(10, requires_grad=True), "clip"), 1.0)


@pytest.mark.parametrize("array", [np.zeros((2, 2, 800)), np.zeros(8, np.int64), np.zeros((1, 1, 1, 8))])
def test_audio_that_is_not_understood_is_described(array):
    """Shape and dtype stand in the message."""
    with pytest.raises(MediaError, match=rf"shape \({array.shape[0]},.* and dtype {array.dtype.name}"):
        samples_from_array(array, "clip")
