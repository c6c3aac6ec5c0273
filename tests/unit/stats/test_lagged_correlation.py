"""Correlation at lags."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.lagged_correlation import lagged_correlation

LINE = np.random.default_rng(0).standard_normal(60)


@pytest.mark.parametrize(("start", "late"), [(0, 0), (0, 4), (10, -7)])
def test_line_that_is_late_fits_at_that_lag(start: int, late: int) -> None:
    """Wholly, wherever in the other line it begins."""
    second = np.random.default_rng(1).standard_normal(100)
    second[start + late : start + late + 60] = 5 - 3 * LINE
    found = lagged_correlation(LINE, second, start=start, reach=9)
    assert found[9 + late] == pytest.approx(-1)
    assert np.abs(np.delete(found, 9 + late)).max() < 0.6


def test_values_are_numpys() -> None:
    """Of the values that lie side by side."""
    second = np.random.default_rng(2).standard_normal(50)
    found = lagged_correlation(LINE, second, reach=3)
    assert found[5] == pytest.approx(np.corrcoef(LINE[:48], second[2:])[0, 1])
    assert found[1] == pytest.approx(np.corrcoef(LINE[2:52], second)[0, 1])


def test_lag_without_a_correlation_is_no_number() -> None:
    """Fewer than two values side by side, or a constant one; lines that are empty or not finite are refused."""
    assert np.isnan(lagged_correlation(LINE[:3], LINE[:3], reach=2)[[0, 4]]).all()
    assert np.isnan(lagged_correlation(LINE, np.ones(60), reach=0)).all()
    with pytest.raises(StatsError, match="all finite"):
        lagged_correlation(LINE, np.array([np.nan]), reach=1)
    with pytest.raises(StatsError, match="one or more"):
        lagged_correlation(LINE, np.zeros(0), reach=1)
