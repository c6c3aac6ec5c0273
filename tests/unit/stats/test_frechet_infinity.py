"""The distance at infinitely many clips, against a set so large that it is known."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_infinity import frechet_infinity
from avmeter.stats.moments import Moments


def test_extrapolation_removes_the_bias_of_the_generated_side() -> None:
    """Equal distributions: the distance is far above 0, its extrapolation is not."""
    rng = np.random.default_rng(0)
    reference = Moments.of(rng.standard_normal((50000, 32)))
    rows = rng.standard_normal((2000, 32))
    plain = frechet_distance(generated=Moments.of(rows), reference=reference).distance
    result = frechet_infinity(generated=rows, reference=reference)
    assert abs(result.value) < 0.2 * plain
    assert result.standard_error < 0.1 * plain
    assert result.r_squared > 0.95
    assert result.subset_distances[-1] == (2000, pytest.approx(plain, rel=1e-9))
    assert not result.has_fewer_clips_than_dimensions


def test_extrapolation_below_the_dimension_says_so() -> None:
    """With N <= D the line is a curve, and the result tells."""
    rng = np.random.default_rng(0)
    result = frechet_infinity(
        generated=rng.standard_normal((50, 40)), reference=Moments.of(rng.standard_normal((90, 40)))
    )
    assert result.has_fewer_clips_than_dimensions


def test_extrapolation_needs_three_sizes() -> None:
    """A line through two points has no error."""
    reference = Moments.of(np.random.default_rng(0).standard_normal((9, 2)))
    with pytest.raises(StatsError, match="at least 4"):
        frechet_infinity(generated=np.ones((3, 2)), reference=reference)
    with pytest.raises(StatsError, match="three subset sizes"):
        frechet_infinity(generated=np.ones((9, 2)), reference=reference, smallest=9)
