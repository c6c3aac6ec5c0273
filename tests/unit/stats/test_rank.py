"""Rank correlation."""

import numpy as np
import pytest
import scipy.stats

from avmeter.errors import StatsError
from avmeter.stats.rank import spearman_correlation


def test_ties_share_their_rank() -> None:
    """The value is SciPy's, with many ties."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 30), rng.integers(0, 5, 30)
    assert spearman_correlation(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-14)


def test_any_rising_curve_scores_one() -> None:
    """Shape does not matter, direction does."""
    x = np.arange(6.0)
    assert spearman_correlation(x, np.exp(x)) == 1.0
    assert spearman_correlation(x, -(x**3)) == -1.0


def test_a_constant_side_has_no_correlation() -> None:
    """Undefined is an error, not 0 and not NaN."""
    with pytest.raises(StatsError, match="all 3 values are 2"):
        spearman_correlation([1, 2, 3], [2, 2, 2])
    with pytest.raises(StatsError, match="do not pair up"):
        spearman_correlation([1, 2, 3], [2, 2])
    with pytest.raises(StatsError, match="at least 2 values, got 1"):
        spearman_correlation([1], [2])
