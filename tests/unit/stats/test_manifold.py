"""Precision, recall, density and coverage on constructed sets."""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats import manifold
from avmeter.stats.manifold import manifold_scores


def plain_scores(x, y, k) -> tuple[float, float, float, float]:
    def radii(rows):
        return np.sort(np.linalg.norm(rows[:, None] - rows[None], axis=-1), axis=1)[:, k]

    distances = np.linalg.norm(y[:, None] - x[None], axis=-1)
    inside = distances < radii(y)[:, None]
    recalled = (distances < radii(x)[None]).any(axis=1).mean()
    return inside.any(axis=0).mean(), recalled, inside.sum(axis=0).mean() / k, inside.any(axis=1).mean()


def test_blocks_give_the_scores_of_the_full_matrix(monkeypatch) -> None:
    """Whatever the block size, the four shares are those of the plain definition."""
    monkeypatch.setattr(manifold, "_BLOCK_ROWS", 7)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 3)) * 0.8 + 0.3, rng.standard_normal((55, 3))
    scores = manifold_scores(generated=x, reference=y, neighbours=3)
    got = scores.precision, scores.recall, scores.density, scores.coverage
    np.testing.assert_allclose(got, plain_scores(x, y, 3))


def test_the_same_set_scores_one() -> None:
    """Every clip lies in its own ball."""
    rows = np.random.default_rng(0).standard_normal((60, 4))
    scores = manifold_scores(generated=rows, reference=rows)
    assert (scores.precision, scores.recall, scores.coverage) == (1.0, 1.0, 1.0)
    assert scores.density == pytest.approx(1.0)


def test_a_distant_set_scores_zero() -> None:
    """Nothing overlaps, nothing counts."""
    rows = np.random.default_rng(0).standard_normal((60, 4))
    scores = manifold_scores(generated=rows + 1000, reference=rows)
    assert (scores.precision, scores.recall, scores.density, scores.coverage) == (0.0, 0.0, 0.0, 0.0)


def test_one_clip_over_and_over_is_precise_but_recalls_nothing() -> None:
    """Mode collapse shows in recall and coverage."""
    reference = np.random.default_rng(0).standard_normal((60, 4))
    scores = manifold_scores(generated=np.repeat(reference[:1], 60, axis=0), reference=reference)
    assert scores.precision == 1.0
    assert scores.recall == 0.0
    assert scores.coverage < 0.3


def test_fewer_clips_than_neighbours_are_refused() -> None:
    """k neighbours need k + 1 clips."""
    with pytest.raises(StatsError, match="at least 6 embeddings per side, got 5"):
        manifold_scores(generated=np.ones((5, 2)), reference=np.ones((9, 2)))
    with pytest.raises(StatsError, match="at least 1 neighbour"):
        manifold_scores(generated=np.ones((5, 2)), reference=np.ones((9, 2)), neighbours=0)
