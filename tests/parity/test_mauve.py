"""MAUVE against mauve-text 0.4.0; see golden/mauve."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from avmeter.stats.mauve import frontier_area, mauve
from golden.embedding_pairs import pairs
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "mauve" / "mauve.json").read_text())
NUM_SEEDS = 5


@pytest.mark.parametrize("name", PUBLISHED)
def test_area_under_the_frontier_is_the_published_one(name: str) -> None:
    """Of the published histograms: everything behind k-means."""
    shares = (np.array(PUBLISHED[name][f"{side}_shares"]) for side in ("generated", "reference"))
    assert frontier_area(*shares) == pytest.approx(PUBLISHED[name]["mauve"], rel=1e-9)


@pytest.mark.parametrize("name", PUBLISHED)
def test_scores_over_seeds_are_drawn_like_the_published_ones(name: str) -> None:
    """K-means starts elsewhere: means over seeds agree, and clusters and components are as many."""
    published = PUBLISHED[name]
    generated, reference = pairs()[name]
    found = [mauve(generated=generated, reference=reference, seed=seed) for seed in range(NUM_SEEDS)]
    assert {(one.num_clusters, one.num_dimensions) for one in found} == {
        (published["num_clusters"], published["num_dimensions"])
    }
    scores, expected = np.array([-math.log(one.score) for one in found]), np.array(published["scores"])
    error = math.hypot(scores.std() / math.sqrt(NUM_SEEDS), expected.std() / math.sqrt(len(expected)))
    assert abs(scores.mean() - expected.mean()) < max(3 * error, 0.002)
