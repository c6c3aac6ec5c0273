"""MAUVE on sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.mauve import cluster, frontier_area, mauve, principal_components


def blobs(*counts: int, seed: int = 0) -> np.ndarray:
    """So many rows at each corner of a simplex, nearly."""
    random = np.random.default_rng(seed)
    return np.concatenate([np.eye(len(counts))[[i] * n] + 0.01 * random.standard_normal((n, len(counts)))
                           for i, n in enumerate(counts)])  # fmt: skip


def test_equal_sets_have_one_and_sets_apart_next_to_nothing() -> None:
    """Whatever the clusters are."""
    rows = blobs(20, 20, 20)
    assert mauve(generated=rows, reference=rows).score == pytest.approx(1)
    apart = mauve(generated=blobs(30, 0), reference=blobs(0, 30))
    assert apart.score < 0.01
    assert apart.smoothed > apart.score


def test_only_shares_of_clusters_count() -> None:
    """Twice as many rows in the same shares are the same set; another share is not."""
    few, many = blobs(20, 20), blobs(40, 40, seed=1)
    assert mauve(generated=few, reference=many, num_clusters=2).score == pytest.approx(1)
    assert mauve(generated=blobs(35, 5), reference=many, num_clusters=2).score < 0.9


def test_frontier_of_known_histograms() -> None:
    """Equal ones have area 1, and the area does not depend on the order of the sides."""
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert frontier_area(p, p) == pytest.approx(1)
    assert frontier_area(p, q) == pytest.approx(frontier_area(q, p))
    assert frontier_area(np.array([1.0, 0.0]), np.array([0.0, 1.0])) < frontier_area(p, q) < 1


def test_k_means_finds_what_is_apart() -> None:
    """Each corner is one cluster, the same ones with the same seed."""
    rows = blobs(10, 20, 30)
    labels = cluster(rows, 3, seed=1)
    assert sorted(np.bincount(labels).tolist()) == [10, 20, 30]
    np.testing.assert_array_equal(labels, cluster(rows, 3, seed=1))


def test_equal_rows_are_one_point() -> None:
    """No variance is no error: every row is in one cluster, on both sides."""
    rows = np.ones((12, 4))
    assert mauve(generated=rows, reference=rows).score == pytest.approx(1)
    assert principal_components(rows).shape == (12, 1)


@pytest.mark.parametrize("options", [{"num_clusters": 1}, {"num_clusters": 100}])
def test_impossible_numbers_of_clusters_are_refused(options: dict[str, int]) -> None:
    """Two at least, and no more than rows."""
    with pytest.raises(StatsError, match="clusters"):
        mauve(generated=blobs(5, 5), reference=blobs(5, 5), **options)


def test_row_without_direction_is_refused() -> None:
    """It cannot be brought to length 1."""
    with pytest.raises(StatsError, match="row 11 has length 0"):
        mauve(
            generated=np.concatenate([blobs(5, 5), np.zeros((1, 2))])[::-1][:1].repeat(2, axis=0), reference=blobs(6, 5)
        )
