"""Likeness of two patches."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.visqol.nsim import Smoothed, similarity

PATCHES = np.random.default_rng(0).uniform(0, 45, (6, 8, 10))


def test_equal_patches_are_alike_everywhere_and_one_may_be_compared_with_many() -> None:
    """Each of the stack has the value that it has alone."""
    one, many = Smoothed.of(PATCHES[2]), Smoothed.of(PATCHES)
    found = similarity(one, many)
    assert found.shape == PATCHES.shape
    assert found[2] == pytest.approx(1)
    for i in range(len(PATCHES)):
        assert found[i] == pytest.approx(similarity(one, Smoothed.of(PATCHES[i])))
    assert found[[0, 1, 3, 4, 5]].mean() < 0.6


def test_opposite_structure_is_below_zero_and_flat_patches_are_alike() -> None:
    """Rounding below 0 of a variance is no error."""
    wave = 20 + 10 * (np.indices((8, 10)).sum(axis=0) % 2)
    assert similarity(Smoothed.of(wave), Smoothed.of(40.0 - wave)).mean() < 0
    flat = Smoothed.of(np.full((8, 10), 1 / 3))
    assert similarity(flat, flat) == pytest.approx(1)
