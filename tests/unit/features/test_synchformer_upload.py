"""Segments of the picture travel to the device once, however much they overlap."""

from types import SimpleNamespace

import numpy as np
import torch

from avmeter.features.base import Runtime, Window
from avmeter.features.synchformer_video import SEGMENT_FRAMES, STEP_FRAMES, SynchformerVideo


def test_overlapping_segments_are_put_together_on_the_device():
    """The batch equals the stacked windows, of one clip and of several, and holds each half once on the way."""
    rng = np.random.default_rng(0)
    clips = [rng.random((n, 3, 4, 4), dtype=np.float32) for n in (40, 16, 32)]
    windows = [
        Window(inputs={"pixels": clip[start : start + SEGMENT_FRAMES]})
        for clip in clips
        for start in range(0, len(clip) - SEGMENT_FRAMES + 1, STEP_FRAMES)
    ]
    stacked = []
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=SimpleNamespace(is_dummy=True))
    counting = SimpleNamespace(stack=lambda rows: stacked.append(len(rows)) or runtime.stack(rows))
    batch = SynchformerVideo().upload(windows, counting)["pixels"]
    np.testing.assert_array_equal(batch.numpy(), np.stack([w.inputs["pixels"] for w in windows]))
    assert stacked == [5 + 2 + 4]
