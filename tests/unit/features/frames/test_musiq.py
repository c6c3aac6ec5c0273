"""MUSIQ's frames."""

from __future__ import annotations

import pytest
import torch

from avmeter.features.base import get_extractor
from avmeter.features.frames.musiq import shrunk
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import small_runtime


def test_every_frame_has_a_rating() -> None:
    """In order of time, each as a window of its own."""
    media = MediaItem.from_frames(numbered(2), 10.0)
    features = extract(get_extractor("musiq"), media, small_runtime())
    assert features["quality"].shape == (2,)
    assert features.facts == {"num_frames": 2}
    windows = list(window_extractor("musiq").windows(MediaItem.from_frames(numbered(2), 10.0)))
    assert [window.start_s for window in windows] == pytest.approx([0.0, 0.1])


@pytest.mark.parametrize(
    ("size", "expected"),
    [((480, 832), (295, 512)), ((1000, 30), (512, 15)), ((512, 512), (512, 512)), ((90, 160), (90, 160))],
)
def test_longer_side_is_512_at_most(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """Both sides are rounded down, and nothing is enlarged."""
    pixels = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    found = shrunk(pixels)
    assert tuple(found.shape[2:]) == expected
    if size == expected:
        assert found is pixels
