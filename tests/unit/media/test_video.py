"""Frames by request: order, sizes, crops, arrays, disk, damage."""

import gc
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media import AudioSpec, FrameRequest, MediaItem, Resize, resize_batch
from avmeter.media.video import FrameCollector, FrameView
from support.media import cut_file, flash, numbered, write_media

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


@pytest.mark.parametrize("layout", ["TCHW", "THWC"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_arrays_of_any_layout_and_type_are_one_picture(layout, dtype):
    """The same picture comes back whatever form it was given in."""
    array = NOISE if layout == "THWC" else NOISE.transpose(0, 3, 1, 2)
    array = array if dtype == "uint8" else (array / 255).astype(dtype)
    array.flags.writeable = False
    item = MediaItem.from_frames(array, 10)
    assert item.frame_times == pytest.approx(np.arange(6) / 10)
    assert item.picture_duration_s == pytest.approx(0.6)
    assert (item.info.video[0].height, item.info.video[0].width) == (60, 81)
    found = item.frames(FrameRequest(indices=(5, 0), output="uint8"))
    np.testing.assert_array_equal(found, NOISE[[5, 0]].transpose(0, 3, 1, 2))
    resized = item.frames(FrameRequest(indices=(5,), resize=Resize(short_side=20)))
    assert 0 < resized.mean() < 1


def test_array_with_sound_has_both():
    """Sound and picture start together."""
    item = MediaItem.from_frames(NOISE, 10, audio=np.ones(1600, np.float32), sample_rate=16_000)
    assert item.has_audio
    assert item.has_video
    assert len(item.audio(AudioSpec(clock="picture"))) == 1600


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
def test_arrays_that_are_no_picture_are_refused(array, fps, code):
    """Unknown rate, shape, type or range is a named skip."""
    with pytest.raises(MediaError) as caught:
        MediaItem.from_frames(array, fps)
    assert caught.value.code is code


@pytest.mark.parametrize(
    "make",
    [
        lambda: FrameRequest(indices=(0,), crop="center_floor"),
        lambda: FrameRequest(indices=(-1,)),
        lambda: FrameRequest(indices=(0,), output="float16"),
        lambda: Resize(short_side=0),
        lambda: Resize(short_side=8, interpolation="nearest"),
    ],
)
def test_malformed_requests_are_refused_at_birth(make):
    """A request that makes no sense cannot be made."""
    with pytest.raises(UsageError):
        make()


def test_frame_beyond_the_last_is_a_usage_error():
    """Indices count in the times of the item."""
    with pytest.raises(UsageError, match="frame 6 of 6"):
        MediaItem.from_frames(NOISE, 25).frames(FrameRequest(indices=(6,)))


def test_no_indices_give_no_frames():
    """An empty request is served."""
    assert len(MediaItem.from_frames(NOISE, 25).frames(FrameRequest(indices=()))) == 0


@pytest.mark.parametrize("crop", ["center_floor", "center_round"])
def test_batch_on_a_device_is_resized_as_single_frames_are(crop):
    """Packed frames, resized together, equal those resized while decoding; bytes and floats alike."""
    resize = Resize(short_side=32)
    for frames in (NOISE, NOISE.astype(np.float32) / 255):
        item = MediaItem.from_frames(frames, 25)
        one_by_one = item.frames(FrameRequest(indices=range(6), resize=resize, crop=crop))
        packed = np.asarray(item.frames(FrameRequest(indices=range(6), output="packed")))
        np.testing.assert_array_equal(packed, frames)
        together = resize_batch(torch.from_numpy(packed), resize, crop)
        np.testing.assert_allclose(together, one_by_one, atol=1e-6)


def test_packed_frames_are_not_resized_and_bytes_not_in_batches():
    """What would not be what it says is refused."""
    with pytest.raises(UsageError, match="not resized"):
        FrameRequest(indices=(0,), resize=Resize(short_side=32), output="packed")
    with pytest.raises(UsageError, match="uint8"):
        resize_batch(torch.zeros(1, 40, 50, 3), Resize(short_side=32, in_="uint8"), "center_floor")


def test_many_frames_go_to_disk_and_read_the_same():
    """Above the limit frames are read by slices, in the order of the request."""
    request = FrameRequest(indices=(3, 0, 0, 5, 3), output="uint8")
    collector = FrameCollector([request], limit_bytes=20_000)
    for index in (0, 3, 5):
        collector.add(index, NOISE[index])
    found = collector.result(request)
    expected = NOISE[list(request.indices)].transpose(0, 3, 1, 2)
    assert isinstance(found, FrameView)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.asarray(found), expected)
    np.testing.assert_array_equal(found[1:4], expected[1:4])
    np.testing.assert_array_equal(found[-1], expected[-1])


def test_frame_that_changes_size_is_a_decode_error():
    """Frames of one request have one size."""
    request = FrameRequest(indices=(0, 1), output="uint8")
    collector = FrameCollector([request])
    collector.add(0, NOISE[0])
    collector.add(1, NOISE[1, :30])
    with pytest.raises(MediaError, match="changes size at frame 1: 81x30 after 81x60"):
        collector.result(request)


def test_change_of_size_costs_only_requests_that_it_does_not_fit():
    """Whoever wants squares, or frames of one size, has them, whatever else is asked of the picture."""
    square = Resize(short_side=20, long_side="equal")
    requests = [
        FrameRequest(indices=(0, 1, 2)),
        FrameRequest(indices=(0, 1, 2), resize=square),
        FrameRequest(indices=(0, 2), output="packed"),
    ]
    collector = FrameCollector(requests)
    for index, frame in enumerate((NOISE[0], NOISE[1, :30], NOISE[2])):
        collector.add(index, frame)
    assert [collector.missing(r) for r in requests] == [[], [], []]
    with pytest.raises(MediaError, match="changes size at frame 1"):
        collector.result(requests[0])
    assert collector.result(requests[1]).shape == (3, 3, 20, 20)
    assert collector.result(requests[2]).shape == (2, 60, 81, 3)


def test_one_decoding_pass_serves_everybody(tmp_path, monkeypatch):
    """Requests that were announced cost one pass together."""
    from avmeter.media import item as media_item

    path = write_media(tmp_path / "a.mp4", frames=numbered(30), gop=10)
    calls = []
    original = media_item.picture_frames
    monkeypatch.setattr(media_item, "picture_frames", lambda *a, **k: calls.append(a) or original(*a, **k))
    requests = [FrameRequest(indices=(i, 29 - i), output="uint8") for i in range(4)]
    with MediaItem.open(path) as item:
        item.add_requests(*requests)
        found = [item.frames(r) for r in requests]
    assert len(calls) == 1
    for request, frames in zip(requests, found, strict=True):
        levels = np.asarray(frames).astype(float).mean(axis=(1, 2, 3))
        assert np.abs(levels - (10 + 4 * np.array(request.indices))).max() <= 2


def test_odd_portrait_sizes_are_kept(tmp_path):
    """Sizes with odd sides come back as they are, and resize by their short side."""
    path = write_media(tmp_path / "a.mkv", frames=NOISE.swapaxes(1, 2)[:, :, :59], pixel_format="yuv444p")
    with MediaItem.open(path) as item:
        assert item.frames(FrameRequest(indices=(0,))).shape == (1, 3, 81, 59)
        found = item.frames(FrameRequest(indices=(0,), resize=Resize(short_side=32), crop="center_floor"))
        assert found.shape == (1, 3, 32, 32)


def test_undecodable_frame_is_named(tmp_path, monkeypatch):
    """The message says which frame, and how many of those wanted were decoded."""
    from avmeter.media import item as media_item

    path = write_media(tmp_path / "a.mp4", frames=numbered(10))
    original = media_item.picture_frames
    monkeypatch.setattr(media_item, "picture_frames", lambda *a, **k: (f for f in original(*a, **k) if f[0] < 7))
    with MediaItem.open(path) as item:
        whole, broken = FrameRequest(indices=(0, 6)), FrameRequest(indices=(0, 6, 8))
        item.add_requests(whole, broken)
        assert len(item.frames(whole)) == 2
        with pytest.raises(MediaError, match=r"frame 8 cannot be decoded \(2 of 3 wanted frames were") as caught:
            item.frames(broken)
    assert caught.value.code is SkipCode.DECODE_ERROR


def test_item_says_what_it_is(tmp_path):
    """Its representation names file and streams."""
    path = write_media(tmp_path / "a.mp4", frames=flash(0.1, 25, 1.0))
    assert repr(MediaItem.open(Path(path))) == f"MediaItem('{path}': 1 video stream, h264, 96x64, 25 fps)"
    assert cut_file(path, tmp_path / "b.mp4", 0.5).stat().st_size < path.stat().st_size


def test_decoded_frames_are_let_go_one_by_one(tmp_path):
    """None waits for the garbage collector: at 1080p three megabytes would stay for every frame."""
    path = write_media(tmp_path / "a.mp4", frames=numbered(30))
    gc.collect()
    gc.disable()
    try:
        with MediaItem.open(path) as item:
            item.frames(FrameRequest(indices=tuple(range(30)), output="uint8"))
        alive = sum(type(o) is av.VideoFrame for o in gc.get_objects())
    finally:
        gc.enable()
    assert alive <= 2
