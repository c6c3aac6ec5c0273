"""Segments of the video are uploaded once, however much they overlap."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.features.synchformer.video import SEGMENT_FRAMES, STEP_FRAMES, SynchformerVideo
from avmeter.media import MediaItem
from avmeter.runtime import Runtime


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


def test_frames_resized_on_the_device_equal_those_resized_while_decoding():
    """Clips of several sizes in one batch, one of them too large to travel at its own size: the same pixels."""
    rng = np.random.default_rng(0)
    sizes = [(120, 160), (160, 120), (700, 600)]
    clips = [MediaItem.from_frames(rng.integers(0, 256, (125, *size, 3), np.uint8), 25.0) for size in sizes]
    batches, shapes = [], []
    for on_device in (False, True):
        extractor = SynchformerVideo()
        extractor._resizes_on_device = on_device
        windows = [w for clip in clips for w in list(extractor.windows(clip))[:2]]
        assert len({extractor.batch_key(w) for w in windows}) == 1
        shapes.append([w.inputs["late"].shape[1:] for w in windows[::2]])
        batches.append(extractor.upload(windows, _runtime())["pixels"].numpy())
    assert shapes[1] == [(120, 160, 3), (160, 120, 3), (3, 224, 224)]
    np.testing.assert_array_equal(*batches)


def test_still_video_is_found_at_its_own_size_too():
    """Noise that vanishes when frames shrink is no motion, wherever they are resized."""
    still = np.full((125, 480, 640, 3), 90, np.uint8)
    still[:, ::2, ::2] = 96
    still[1:, 1::2, ::2] = 91
    for on_device in (False, True):
        extractor = SynchformerVideo()
        extractor._resizes_on_device = on_device
        with pytest.raises(SkipError) as found:
            list(extractor.windows(MediaItem.from_frames(still, 25.0)))
        assert found.value.code == SkipCode.STILL_PICTURE
