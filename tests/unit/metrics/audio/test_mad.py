"""MAD over embeddings that were put there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.audio.mad import Mad
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample
from golden.embedding_pairs import pairs


def score(name: str, **options: int) -> MetricResult:
    metric = Mad(**options)
    state = metric.start()
    for i, (generated, reference) in enumerate(zip(*pairs()[name], strict=False)):
        sides = {"generated": generated, "reference": reference}
        features = {side: Features(arrays={"embedding": np.asarray(row)}) for side, row in sides.items()}
        state = metric.update(state, Sample(id=f"{i:03}"), FeatureSet(features))
    return metric.finish(state)


def test_score_is_the_logarithm_of_mauve_with_its_details() -> None:
    """A missing mode is farther than none; what was clustered is said."""
    apart, alike = score("a_mode_missing"), score("alike")
    assert apart.score == pytest.approx(-math.log(apart.details["mauve"]))
    assert apart.score > 5 * alike.score
    assert (apart.details["num_clusters"], apart.details["n_gen"], apart.details["n_ref"]) == (30, 300, 300)
    assert 0 < apart.details["mauve"] < apart.details["mauve_star"] < 1


def test_seed_is_an_option_that_a_run_reports() -> None:
    """Another seed, another value, near it."""
    assert Mad(seed=3).options()["seed"] == 3
    assert score("a_mode_missing", seed=3).score == pytest.approx(score("a_mode_missing").score, rel=0.5)
