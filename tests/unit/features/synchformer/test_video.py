"""Segments of the video are uploaded once, however much they overlap."""

import itertools
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch

from avmeter.errors import MediaError, SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.features.synchformer import video
from avmeter.features.synchformer.video import SEGMENT_FRAMES, STEP_FRAMES, SynchformerVideo
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support import require
from support.media import numbered, write_media


def test_overlapping_segments_are_put_together_on_the_device():
    """The batch equals the stacked windows, of one clip and of several, and holds each half once on the way."""
    rng = np.random.default_rng(0)
    clips = [rng.random((n, 3, 4, 4), dtype=np.float32) for n in (40, 16, 32)]
    windows = [
        Window(
            inputs={
                "early": clip[start : start + STEP_FRAMES],
                "late": clip[start + STEP_FRAMES : start + SEGMENT_FRAMES],
            }
        )
        for clip in clips
        for start in range(0, len(clip) - SEGMENT_FRAMES + 1, STEP_FRAMES)
    ]
    stacked = []
    runtime = _runtime()
    counting = SimpleNamespace(stack=lambda rows: stacked.append(len(rows)) or runtime.stack(rows))
    batch = SynchformerVideo().upload(windows, counting)["pixels"]
    np.testing.assert_array_equal(batch.numpy(), np.stack([np.concatenate([*w.inputs.values()]) for w in windows]))
    assert stacked == [5 + 2 + 4, len(windows)]


def _runtime() -> Runtime:
    return Runtime(device=torch.device("cpu"), precision="float32", weights=SimpleNamespace(is_dummy=True))


def test_frames_resized_on_the_device_equal_those_resized_while_decoding(monkeypatch):
    """Clips of several sizes in one batch, one of them too large to travel at its own size: the same pixels."""
    monkeypatch.setattr(video, "_MAX_SENT_PIXELS", 160 * 160)
    rng = np.random.default_rng(0)
    sizes = [(120, 160), (160, 120), (700, 600)]
    clips = [MediaItem.from_frames(rng.integers(0, 256, (125, *size, 3), np.uint8), 25.0) for size in sizes]
    batches, shapes = [], []
    for on_device in (False, True):
        extractor = SynchformerVideo()
        extractor.streams_frames = on_device
        windows = [w for clip in clips for w in list(extractor.windows(clip))[:2]]
        assert len({extractor.batch_key(w) for w in windows}) == 1
        shapes.append([w.inputs["late"].shape[1:] for w in windows[::2]])
        batches.append(extractor.upload(windows, _runtime())["pixels"].numpy())
    assert shapes[1] == [(120, 160, 3), (160, 120, 3), (3, 224, 224)]
    np.testing.assert_array_equal(*batches)


@pytest.mark.parametrize("rotation_deg", [0, 90])
def test_planes_of_a_file_become_the_pixels_of_its_rgb_frames(tmp_path, rotation_deg):
    """Converted and resized on the device, upright, they equal what decoding to RGB gives, to the last bit."""
    if rotation_deg:
        require.needs("codecs", hasattr(av.video.stream.VideoStream, "set_display_rotation"), "no display matrices")
    frames = np.random.default_rng(0).integers(0, 256, (130, 34, 50, 3), np.uint8).repeat(2, 1).repeat(2, 2)
    path = write_media(tmp_path / "a.mp4", frames=frames, rotation_deg=rotation_deg)
    pixels = []
    for on_device in (False, True):
        extractor = SynchformerVideo()
        extractor.streams_frames = on_device
        with MediaItem.open(path) as item:
            windows = list(extractor.windows(item))
        assert windows[0].inputs["late"].ndim == (3 if on_device else 4)
        pixels.append(extractor.upload(windows, _runtime())["pixels"].numpy())
    np.testing.assert_array_equal(*pixels)


def test_video_that_stops_short_is_a_skip_after_the_windows_that_it_has(tmp_path, monkeypatch):
    """Frames that cannot be decoded are named, as where all are decoded before the first window."""
    from avmeter.media import file_reader

    path = write_media(tmp_path / "a.mp4", frames=numbered(130))
    original = file_reader.decode_frames
    monkeypatch.setattr(file_reader, "decode_frames", lambda *a, **k: (f for f in original(*a, **k) if f[0] < 60))
    extractor = SynchformerVideo()
    extractor.streams_frames = True
    with MediaItem.open(path) as item:
        windows = extractor.windows(item)
        assert len(list(itertools.islice(windows, 60 // STEP_FRAMES - 1))) == 6
        with pytest.raises(MediaError, match=r"frame 60 cannot be decoded \(60 of 128 "):
            next(windows)


def test_still_video_is_found_at_its_own_size_too():
    """Noise that vanishes when frames shrink is no motion, wherever they are resized."""
    still = np.full((125, 480, 640, 3), 90, np.uint8)
    still[:, ::2, ::2] = 96
    still[1:, 1::2, ::2] = 91
    for on_device in (False, True):
        extractor = SynchformerVideo()
        extractor.streams_frames = on_device
        with pytest.raises(SkipError) as found:
            list(extractor.windows(MediaItem.from_frames(still, 25.0)))
        assert found.value.code == SkipCode.STILL_PICTURE
