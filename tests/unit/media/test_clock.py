"""Which frame is on the screen when."""

import numpy as np
import pytest

from avmeter.media import (
    first_frame_from,
    fixed_rate_indices,
    frames_at,
    last_frame_before,
    rounded_rate_indices,
    video_duration_s,
)

TIMES = np.array([0.0, 0.1, 0.2, 0.5])


def test_a_frame_stays_until_the_next_one():
    """The frame shown is the last that starts at or before a time, the first one for earlier times."""
    times = np.array([-1.0, 0.0, 0.05, 0.1 - 1e-9, 0.3, 0.5, 9.0])
    assert frames_at(TIMES, times).tolist() == [0, 0, 0, 1, 2, 3, 3]


def test_neighbours_of_a_time():
    """First frame at or after a time, last frame before it."""
    assert [first_frame_from(TIMES, t) for t in (0.0, 0.1, 0.11, 0.6)] == [0, 1, 2, 4]
    assert [last_frame_before(TIMES, t) for t in (0.0, 0.1, 0.11, 0.6)] == [-1, 0, 1, 3]


def test_fixed_rate_repeats_and_drops():
    """Ticks before the end, each with the frame on the screen."""
    assert fixed_rate_indices(TIMES, 10.0, 0.6).tolist() == [0, 1, 2, 2, 2, 3]
    assert fixed_rate_indices(np.arange(6) / 30, 15.0, 0.2).tolist() == [0, 2, 4]
    assert fixed_rate_indices(TIMES, 10.0, 0.0).tolist() == []


def test_rounded_rate_moves_frames_to_the_nearest_tick():
    """24 -> 25 fps: frame i is at tick round(25 i / 24), half away from zero."""
    found = rounded_rate_indices(np.arange(24) / 24, 25.0, 1.0)
    assert len(found) == 25
    assert found.tolist() == [*range(12), 11, *range(12, 24)]


def test_duration_of_the_last_frame():
    """Stated, else the median distance of frames."""
    assert video_duration_s(TIMES) == pytest.approx(0.6)
    assert video_duration_s(TIMES, 0.05) == pytest.approx(0.55)
    assert video_duration_s(np.array([])) == 0.0
