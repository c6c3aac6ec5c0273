"""Frames for FID's Inception: which, and how they are stretched."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.features.video.fid_inception import FidInceptionExtractor, middle_frames, resized_from_corners
from avmeter.media import MediaItem


@pytest.mark.parametrize(
    ("num_frames", "count", "expected"),
    [(8, 2, (2, 6)), (9, 3, (1, 4, 7)), (250, 4, (31, 93, 156, 218)), (3, 8, (0, 1, 2)), (1, 1, (0,)), (10, 1, (5,))],
)
def test_frames_are_those_in_the_middle_of_equal_parts(num_frames: int, count: int, expected: tuple[int, ...]) -> None:
    """Of a clip with fewer, every one once."""
    assert middle_frames(num_frames, count) == expected


def test_windows_are_single_frames_of_bytes() -> None:
    """At their own size, with their times; their numbers are a fact."""
    steps = np.arange(12, dtype=np.uint8)[:, None, None, None]
    clip = MediaItem.from_frames(np.broadcast_to(steps, (12, 8, 16, 3)).copy(), 10.0)
    extractor = FidInceptionExtractor(num_frames=3)
    windows = list(extractor.windows(clip))
    assert [int(w.inputs["frame"][0, 0, 0]) for w in windows] == [2, 6, 10]
    assert windows[0].inputs["frame"].shape == (3, 8, 16)
    assert windows[0].inputs["frame"].dtype == np.uint8
    assert [w.start_s for w in windows] == pytest.approx([0.2, 0.6, 1.0])
    assert extractor.facts(clip) == {"frames": [2, 6, 10]}
    with pytest.raises(UsageError, match="num_frames is 0"):
        FidInceptionExtractor(num_frames=0)


def test_pixels_are_stretched_from_their_corners() -> None:
    """As TensorFlow's resize of 2015: twice the size halves the steps, and the last pixel is repeated."""
    picture = torch.tensor([[0.0, 8.0], [16.0, 24.0]])[None, None]
    expected = torch.tensor([[0.0, 4, 8, 8], [8, 12, 16, 16], [16, 20, 24, 24], [16, 20, 24, 24]])
    torch.testing.assert_close(resized_from_corners(picture, 4)[0, 0], expected)
    torch.testing.assert_close(resized_from_corners(expected[None, None], 2), picture)
    ramp = torch.arange(7.0).expand(1, 1, 7, 7)
    torch.testing.assert_close(resized_from_corners(ramp, 3)[0, 0, 0], torch.tensor([0, 7 / 3, 14 / 3]))


def test_size_of_the_network_is_left_alone() -> None:
    """To the bit."""
    picture = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(resized_from_corners(picture, 5), picture)
