"""Factors of covariances: their product, their rank, and the nuclear norm of a product of two."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.stats.factor import covariance_distance, covariance_factor, nuclear_norm
from avmeter.stats.moments import Moments


def test_ill_conditioned_covariance_with_many_clips_keeps_its_rank() -> None:
    """A dependent dimension counts as none, though there are clips enough."""
    rows = np.random.default_rng(0).standard_normal((300, 10))
    rows[:, 9] = rows[:, 0] + rows[:, 1]
    assert covariance_factor(Moments.of(rows)).shape == (10, 9)


@pytest.mark.parametrize(("count", "dim"), [(5, 40), (30, 40), (400, 40)])
def test_factor_times_itself_is_the_covariance(count, dim) -> None:
    """Each of the three ways to factor gives back what it was made from."""
    moments = Moments.of(np.random.default_rng(0).standard_normal((count, dim)))
    factor = covariance_factor(moments)
    np.testing.assert_allclose(factor @ factor.T, moments.covariance, atol=1e-12)


def test_nuclear_norm_of_small_singular_values_keeps_digits() -> None:
    """Singular values of 1e-12 of the largest are not lost in squares."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((60, 60)))[0] for _ in range(2))
    values = np.concatenate([[1.0], np.full(59, 1e-12)])
    assert nuclear_norm((left * values) @ right, scale=1.0) == pytest.approx(values.sum(), abs=1e-13)


def test_distance_of_factors_is_that_of_the_covariances() -> None:
    """With commuting covariances the trace has a closed form: the squared differences of their roots."""
    generated, reference = np.diag([1.0, 2.0, 3.0]), np.diag([2.0, 2.0, 0.5])
    assert covariance_distance(generated, reference) == pytest.approx(1 + 0 + 2.5**2, rel=1e-12)
    assert covariance_distance(generated, generated) == pytest.approx(0.0, abs=1e-12)


def test_empty_factor_is_a_point_mass() -> None:
    """Against a set without spread the distance is the trace of the other."""
    reference = np.diag([2.0, 3.0])
    assert nuclear_norm(np.zeros((0, 2)), scale=1.0) == 0.0
    assert covariance_distance(np.zeros((2, 0)), reference) == pytest.approx(13.0)
