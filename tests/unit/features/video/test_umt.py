"""UMT's clips."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import small_runtime


def test_sixteen_frames_are_one_window() -> None:
    """Colours before frames."""
    item = MediaItem.from_frames(numbered(40), 10.0)
    (window,) = window_extractor("umt").windows(item)
    assert window.inputs["clip"].shape == (3, 16, 224, 224)
    features = extract(get_extractor("umt"), item, small_runtime())
    assert features["logits"].shape == (400,)
    assert features.facts == {"num_frames": 40}


@pytest.mark.parametrize("size", [(90, 161), (161, 90), (100, 120)])
def test_pixels_are_smoothed_and_cut_in_the_middle(size: tuple[int, int]) -> None:
    """The square of 224 in the middle of a frame of 256."""
    frames = np.random.default_rng(0).integers(0, 256, (16, *size, 3), dtype=np.uint8)
    (window,) = window_extractor("umt").windows(MediaItem.from_frames(frames, 10.0))
    planes = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    short, long = min(size), int(256 * max(size) / min(size))
    resized_size = (256, long) if size[0] == short else (long, 256)
    resized = torch.nn.functional.interpolate(
        planes, size=resized_size, mode="bilinear", align_corners=False, antialias=True
    )
    top, left = (round((n - 224) / 2) for n in resized_size)
    expected = resized[:, :, top : top + 224, left : left + 224].transpose(0, 1)
    torch.testing.assert_close(torch.from_numpy(window.inputs["clip"]), expected)
