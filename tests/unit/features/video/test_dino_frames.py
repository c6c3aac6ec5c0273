"""DINO's frames."""

from __future__ import annotations

import numpy as np
import torch

from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import small_runtime


def test_every_frame_has_an_embedding() -> None:
    """In order of time."""
    features = extract(get_extractor("dino_frames"), MediaItem.from_frames(numbered(3), 10.0), small_runtime())
    assert features["embedding"].shape == (3, 16)
    assert features.facts == {"num_frames": 3}


def test_whole_frame_is_read_resized_as_floats_without_antialiasing() -> None:
    """The short side is 224, the long one rounded down, and nothing is cut."""
    frame = np.random.default_rng(0).integers(0, 256, (1, 483, 300, 3), dtype=np.uint8)
    (window,) = window_extractor("dino_frames").windows(MediaItem.from_frames(frame, 10.0))
    planes = torch.from_numpy(frame).permute(0, 3, 1, 2).float() / 255
    size = (int(224 * 483 / 300), 224)
    expected = torch.nn.functional.interpolate(planes, size=size, mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(torch.from_numpy(window.inputs["pixels"]), expected)
