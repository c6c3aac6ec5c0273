"""Damage to video: the order of frames and what is done to them, without a file."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.stress.video import DAMAGES, drop, freeze, shuffle


def test_frozen_shows_the_first_frame_throughout() -> None:
    """Whatever the dose."""
    assert freeze(4, 0.0, np.random.default_rng(0)).tolist() == [0, 0, 0, 0]


def test_shuffled_is_a_permutation_fixed_by_its_seed() -> None:
    """Every frame once."""
    order = shuffle(50, 0.0, np.random.default_rng(3))
    assert sorted(order) == list(range(50))
    assert order.tolist() != list(range(50))
    np.testing.assert_array_equal(order, shuffle(50, 0.0, np.random.default_rng(3)))


@pytest.mark.parametrize("dose", DAMAGES["dropped_frames"].doses)
def test_dropped_frame_leaves_the_one_before_on_the_screen(dose: float) -> None:
    """The share that is missing is the dose, and time never runs back."""
    order = drop(4000, dose, np.random.default_rng(5))
    assert order[0] == 0
    assert (np.diff(order) >= 0).all()
    assert np.mean(np.diff(order) == 0) == pytest.approx(dose, abs=0.03)


def test_mirrored_and_black_change_single_frames() -> None:
    """Left becomes right; black is 0 everywhere."""
    frame = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    mirrored, black = DAMAGES["mirrored"].change, DAMAGES["black"].change
    assert mirrored is not None
    assert black is not None
    np.testing.assert_array_equal(mirrored(frame), frame[:, ::-1])
    assert not black(frame).any()
