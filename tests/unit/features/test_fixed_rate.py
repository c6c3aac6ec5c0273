"""Frames at 25 a second."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.fixed_rate import Ticks
from avmeter.media import MediaItem


@pytest.mark.parametrize(
    ("fps", "ticks"),
    [
        (25, [[0], [1], [2], [3], [4], [5]]),
        (12.5, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]),
        (50, [[0], [], [1], [], [2], []]),
    ],
)
def test_frames_are_those_on_the_screen_25_times_a_second(fps: float, ticks: list[list[int]]) -> None:
    """Each once, each twice, and every other one."""
    found = Ticks(MediaItem.from_frames(np.zeros((6, 4, 4, 3), np.uint8), fps))
    assert found.num_ticks == sum(map(len, ticks))
    assert [list(found.of_frame(number)) for number in found.frames] == [ticks[number] for number in found.frames]
