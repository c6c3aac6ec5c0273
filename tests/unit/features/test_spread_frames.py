"""Frames that stand for a clip."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.spread_frames import spread_frames
from avmeter.media import MediaItem


def clip(num_frames: int) -> MediaItem:
    return MediaItem.from_frames(np.zeros((num_frames, 4, 4, 3), np.uint8), 10.0)


@pytest.mark.parametrize(
    ("num_frames", "expected"),
    [(8, (0, 1, 2, 3, 4, 5, 6, 7)), (9, (0, 1, 2, 3, 4, 5, 6, 8)), (120, (0, 17, 34, 51, 68, 85, 102, 119))],
)
def test_frames_go_from_the_first_to_the_last(num_frames: int, expected: tuple[int, ...]) -> None:
    """Rounded down, as published."""
    assert spread_frames(clip(num_frames), 8, network="ViCLIP") == expected


def test_clip_of_fewer_frames_is_a_skip() -> None:
    """It says both numbers."""
    with pytest.raises(SkipError, match="7 frames; ViCLIP needs 8") as caught:
        spread_frames(clip(7), 8, network="ViCLIP")
    assert caught.value.code is SkipCode.TOO_SHORT
