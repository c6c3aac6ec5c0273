"""Clips of one cluster are added up before anything is resampled."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.clusters import sums_by_cluster


def test_clips_of_a_cluster_are_one_sum() -> None:
    """Numerators and denominators alike."""
    tops, bottoms = sums_by_cluster(np.array([1.0, 2.0, 4.0]), np.ones(3), ["a", "b", "a"])
    assert sorted(zip(tops, bottoms, strict=True)) == [(2.0, 1.0), (5.0, 2.0)]


def test_order_of_clips_changes_no_bit() -> None:
    """With clusters and without."""
    rng = np.random.default_rng(0)
    values, labels, order = rng.standard_normal(60), rng.integers(0, 7, 60), rng.permutation(60)
    for clusters, shuffled in ((None, None), (list(labels), list(labels[order]))):
        tops, _ = sums_by_cluster(values, np.ones(60), clusters)
        again, _ = sums_by_cluster(values[order], np.ones(60), shuffled)
        assert tops.tobytes() == again.tobytes()


def test_missing_label_is_refused() -> None:
    """Both counts are named."""
    with pytest.raises(StatsError, match="3 clips and 2 labels"):
        sums_by_cluster(np.ones(3), np.ones(3), ["a", "b"])
