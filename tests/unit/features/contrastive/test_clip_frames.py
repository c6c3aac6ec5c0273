"""CLIP's frames."""

from __future__ import annotations

import numpy as np
import torch

from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import EMBEDDING_DIM, small_runtime


def test_every_frame_has_an_embedding() -> None:
    """In order of time."""
    features = extract(get_extractor("clip_frames"), MediaItem.from_frames(numbered(3), 10.0), small_runtime())
    assert features["embedding"].shape == (3, EMBEDDING_DIM["clip-vit-b-32"])
    assert features.facts == {"num_frames": 3}


def test_pixels_are_resized_as_floats_without_antialiasing_and_cut_in_the_middle() -> None:
    """Those of torch's own interpolation; the offset of an odd border is rounded to even."""
    frame = np.random.default_rng(0).integers(0, 256, (1, 100, 161, 3), dtype=np.uint8)
    (window,) = window_extractor("clip_frames").windows(MediaItem.from_frames(frame, 10.0))
    planes = torch.from_numpy(frame).permute(0, 3, 1, 2).float() / 255
    width = int(224 * 161 / 100)
    resized = torch.nn.functional.interpolate(planes, size=(224, width), mode="bicubic", align_corners=False)
    left = round((width - 224) / 2)
    torch.testing.assert_close(torch.from_numpy(window.inputs["pixels"]), resized[0, :, :, left : left + 224])
