"""Cuts; those of the published program are in tests/parity."""

from __future__ import annotations

import numpy as np

from avmeter.features.shot_cuts import ShotCuts, hue_saturation_value


def test_colours_are_on_the_scales_of_opencv() -> None:
    """Red, green, blue, purple, grey and black."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 200], [200, 0, 100], [90, 90, 90], [0, 0, 0]]], np.uint8)
    found = hue_saturation_value(pixels)[0].tolist()
    assert found == [[0, 255, 255], [60, 255, 255], [120, 255, 200], [165, 255, 200], [0, 0, 90], [0, 0, 0]]


def test_cut_soon_after_another_is_none() -> None:
    """Black and white in turn, every ten frames."""
    shots = ShotCuts()
    for number in range(60):
        shots.add(np.full((4, 4, 3), 255 * (number // 10 % 2), np.uint8), number)
    assert shots.cuts == [10, 30, 50]
