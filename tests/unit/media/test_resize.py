"""Sizes, rules of rounding, arithmetic and crops of resized frames."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from avmeter.media import FrameRequest, MediaItem, Resize, bicubic_taps, resize_batch

NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


@pytest.mark.parametrize(
    ("rule", "landscape"), [("round", 398), ("floor", 398), ("int_trunc", 398)], ids=["round", "floor", "int_trunc"]
)
def test_long_side_follows_the_named_rule(rule, landscape):
    """256 x 455: 224 / 256 * 455 = 398.125; 479 x 853: 398.9 shows the difference."""
    resize = Resize(short_side=224, long_side=rule)
    assert resize.size(256, 455) == (224, landscape)
    assert resize.size(853, 479) == (399 if rule == "round" else 398, 224)
    assert resize.size(300, 300) == (224, 224)


def test_equal_sides_squeeze_a_frame_into_a_square():
    """The whole frame is there, out of shape: what its left half shows fills the left half of the square."""
    resize = Resize(short_side=32, interpolation="bilinear", long_side="equal", in_="uint8")
    assert resize.size(256, 455) == resize.size(455, 256) == (32, 32)
    frame = np.zeros((1, 40, 100, 3), np.uint8)
    frame[:, :, :50] = 200
    seen = MediaItem.from_frames(frame, 25).frames(FrameRequest(indices=(0,), resize=resize, output="uint8"))
    assert seen.shape == (1, 3, 32, 32)
    assert (np.asarray(seen)[0, :, :, :14] == 200).all()
    assert (np.asarray(seen)[0, :, :, 18:] == 0).all()


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("antialias", [True, False])
def test_float_resize_is_not_clamped(interpolation, antialias):
    """Values are those of the interpolation itself."""
    resize = Resize(short_side=32, interpolation=interpolation, antialias=antialias)
    found = MediaItem.from_frames(NOISE, 25).frames(FrameRequest(indices=(2,), resize=resize))
    pixels = torch.from_numpy(NOISE[2:3].transpose(0, 3, 1, 2).copy()).float() / 255
    expected = interpolate(pixels, size=(32, 43), mode=interpolation, align_corners=False, antialias=antialias)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    if interpolation == "bicubic" and not antialias:
        assert found.min() < 0
        assert found.max() > 1


def test_byte_resize_rounds_and_clamps():
    """Values are whole bytes."""
    resize = Resize(short_side=32, in_="uint8", long_side="int_trunc")
    item = MediaItem.from_frames(NOISE, 25)
    whole = item.frames(FrameRequest(indices=(0, 1), resize=resize, output="uint8"))
    assert whole.dtype == np.uint8
    scaled = item.frames(FrameRequest(indices=(0, 1), resize=resize))
    np.testing.assert_allclose(scaled, whole / np.float32(255), atol=1e-7)


def test_crops_are_from_the_middle():
    """An odd spare pixel goes right and down, or to the even side."""
    resize = Resize(short_side=60)
    item = MediaItem.from_frames(NOISE, 25)
    full = np.asarray(item.frames(FrameRequest(indices=(0,), resize=resize, output="uint8")))
    assert full.shape == (1, 3, 60, 81)
    for crop, left in (("center_floor", 10), ("center_round", 10)):
        found = item.frames(FrameRequest(indices=(0,), resize=resize, crop=crop, output="uint8"))
        np.testing.assert_array_equal(found, full[..., left : left + 60])
    wide = MediaItem.from_frames(np.pad(NOISE, ((0, 0), (0, 0), (0, 2), (0, 0))), 25)  # 23 to spare: 11 or 12
    full = np.asarray(wide.frames(FrameRequest(indices=(0,), resize=resize, output="uint8")))
    for crop, left in (("center_floor", 11), ("center_round", 12)):
        found = wide.frames(FrameRequest(indices=(0,), resize=resize, crop=crop, output="uint8"))
        np.testing.assert_array_equal(found, full[..., left : left + 60])


@pytest.mark.parametrize("crop", ["center_floor", "center_round"])
def test_batch_on_a_device_is_resized_as_single_frames_are(crop):
    """Frames resized together equal those resized while decoding; bytes and floats alike."""
    resize = Resize(short_side=32)
    for frames in (NOISE, NOISE.astype(np.float32) / 255):
        item = MediaItem.from_frames(frames, 25)
        one_by_one = item.frames(FrameRequest(indices=range(6), resize=resize, crop=crop))
        together = resize_batch(torch.from_numpy(frames), resize, crop)
        np.testing.assert_allclose(together, one_by_one, atol=1e-6)


@pytest.mark.parametrize(("num_values", "size"), [(480, 224), (1080, 224), (224, 224), (160, 224), (7, 3)])
def test_taps_are_those_of_torch(num_values, size):
    """Neighbours and weights of each value, at the edges too; cut like the values that are kept."""
    values = np.random.default_rng(0).random(num_values, dtype=np.float32)
    image = torch.from_numpy(np.tile(values, (4, 1)))[None, None]
    expected = torch.nn.functional.interpolate(
        image, size=(4, size), mode="bicubic", align_corners=False, antialias=True
    )[0, 0, 0].numpy()
    starts, weights = bicubic_taps(num_values, size, 1, size - 1)
    padded = np.pad(values, (0, len(weights)))
    found = (padded[starts + np.arange(len(weights))[:, None]] * weights).sum(axis=0)
    np.testing.assert_allclose(found, expected[1:], atol=2e-6)
