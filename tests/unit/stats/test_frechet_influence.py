"""Contributions of clips to the distance, against leaving each out."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_influence import frechet_contributions
from avmeter.stats.moments import Moments


@pytest.mark.parametrize(("count", "correlation"), [(320, 0.99), (20, 0.9)])
def test_contributions_rank_clips_as_leaving_them_out_does(count, correlation) -> None:
    """First order agrees with recomputing the distance without each clip; the outlier comes first."""
    rng = np.random.default_rng(0)
    scale = 1 / np.arange(1, 33)
    rows = rng.standard_normal((count, 32)) * scale + 0.1
    rows[3] *= 4
    reference = Moments.of(rng.standard_normal((500, 32)) * scale)
    contributions = frechet_contributions(generated=rows, reference=reference)
    full = frechet_distance(generated=Moments.of(rows), reference=reference).distance
    left_out = [
        frechet_distance(generated=Moments.of(np.delete(rows, i, axis=0)), reference=reference).distance
        for i in range(count)
    ]
    assert np.corrcoef(contributions, full - np.array(left_out))[0, 1] > correlation
    assert int(np.argmax(contributions)) == 3
    assert contributions.sum() == pytest.approx(0.0, abs=1e-12)


def test_sides_that_do_not_compare_are_refused() -> None:
    """One clip has no spread, and dimensions must be equal."""
    reference = Moments.of(np.random.default_rng(0).standard_normal((9, 4)))
    with pytest.raises(StatsError, match="at least 2"):
        frechet_contributions(generated=np.ones((1, 4)), reference=reference)
    with pytest.raises(StatsError, match="dimensions differ: generated 3, reference 4"):
        frechet_contributions(generated=np.ones((5, 3)), reference=reference)
