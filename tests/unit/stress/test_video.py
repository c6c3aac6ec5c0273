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


def changed(name: str, frame: np.ndarray, dose: float = 0.0, seed: int = 0) -> np.ndarray:
    change = DAMAGES[name].change
    assert change is not None
    return change(frame, dose, np.random.default_rng(seed))


def test_mirrored_and_black_change_single_frames() -> None:
    """Left becomes right; black is 0 everywhere."""
    frame = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(changed("mirrored", frame), frame[:, ::-1])
    assert not changed("black", frame).any()


def test_blur_is_the_gaussian_that_its_dose_says() -> None:
    """A white pixel becomes a Gaussian of 2% of the short side, and its light is kept; a grey frame stays."""
    frame = np.zeros((100, 140, 3), np.uint8)
    frame[45:56, 60:81] = 255
    blurred = changed("blur", frame, 2.0)
    assert blurred.sum(dtype=np.int64) == pytest.approx(frame.sum(dtype=np.int64), rel=0.01)
    column = blurred[50, :, 0].astype(float)
    before = frame[50, :, 0].astype(float)
    places = np.arange(140)
    spread = [float((row * (places - 70) ** 2).sum() / row.sum()) for row in (before, column)]
    assert np.sqrt(spread[1] - spread[0]) == pytest.approx(2.0, abs=0.1)
    grey = np.full((20, 30, 3), 77, np.uint8)
    np.testing.assert_array_equal(changed("blur", grey, 2.0), grey)


@pytest.mark.parametrize("dose", DAMAGES["frame_noise"].doses)
def test_frame_noise_has_the_deviation_of_its_dose(dose: float) -> None:
    """Around the frame, other in every frame, the same for the same seed."""
    frame = np.full((80, 90, 3), 128, np.uint8)
    noisy = changed("frame_noise", frame, dose).astype(float)
    assert noisy.std() == pytest.approx(dose, rel=0.03)
    assert noisy.mean() == pytest.approx(128, abs=1)
    np.testing.assert_array_equal(changed("frame_noise", frame, dose), noisy)
    change, rng = DAMAGES["frame_noise"].change, np.random.default_rng(0)
    assert change is not None
    assert (change(frame, dose, rng) != change(frame, dose, rng)).any()


def test_flicker_moves_whole_frames_within_its_dose() -> None:
    """Every pixel of a frame by the same number of levels, which differs from frame to frame."""
    frame = np.random.default_rng(1).integers(60, 190, (8, 9, 3)).astype(np.uint8)
    steps = []
    for seed in range(40):
        step = np.unique(changed("flicker", frame, 40.0, seed).astype(int) - frame)
        assert len(step) == 1
        steps.append(int(step[0]))
    assert -40 <= min(steps) < -20
    assert 20 < max(steps) <= 40
