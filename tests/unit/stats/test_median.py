"""The median distance against sorting all of them."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats import median
from avmeter.stats.median import median_distance


@pytest.mark.parametrize("held", [10, 4_000_000])
def test_median_distance_is_exact_in_passes_and_at_once(held, monkeypatch) -> None:
    """Searching bins instead of sorting gives the same element."""
    monkeypatch.setattr(median, "_HELD_PAIRS", held)
    monkeypatch.setattr(median, "_BINS", 16)
    monkeypatch.setattr(median, "BLOCK_ROWS", 64)
    rows = np.random.default_rng(0).standard_normal((150, 5)) + 50
    distances = np.sort(np.linalg.norm(rows[:, None] - rows[None], axis=-1)[np.triu_indices(150, 1)])
    assert median_distance(rows) == pytest.approx(distances[(len(distances) - 1) // 2], rel=1e-12)


def test_equal_rows_are_at_no_distance() -> None:
    """Copies have a median of exactly 0, however far from the origin they lie."""
    assert median_distance(np.full((40, 3), 1e6)) == 0.0


def test_two_rows_have_their_distance_and_one_row_none() -> None:
    """The lower median of one distance is it; without a pair there is no distance."""
    assert median_distance([[0.0, 0.0], [3.0, 4.0]]) == pytest.approx(5.0, rel=1e-12)
    with pytest.raises(StatsError, match="at least 2"):
        median_distance([[0.0, 0.0]])
