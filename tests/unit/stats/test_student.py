"""Quantiles of Student's t agree with tables."""

from __future__ import annotations

import pytest
import scipy.stats

from avmeter.stats.student import student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 10, 199, 200, 201, 5000])
@pytest.mark.parametrize("probability", [0.025, 0.3, 0.5, 0.975, 0.999])
def test_quantile_agrees_with_scipy(degrees: int, probability: float) -> None:
    """Few and many degrees of freedom, both tails, the middle."""
    expected = scipy.stats.t.ppf(probability, degrees)
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-7, abs=1e-9)
