"""Aesthetic quality."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.vbench.aesthetic_quality import AestheticQuality
from avmeter.sample import Sample


def rated(*ratings: float) -> FeatureSet:
    arrays = {"rating": np.array(ratings, np.float32)}
    return FeatureSet({"ratings": Features(arrays=arrays, facts={"num_frames": len(ratings)})})


def test_score_is_the_mean_rating_over_ten() -> None:
    """Frame by frame in the details."""
    found = AestheticQuality().score(Sample(id="a"), rated(4.0, 6.0))
    assert found.score == pytest.approx(0.5)
    assert found.details["per_frame"] == pytest.approx([0.4, 0.6])


def test_rating_that_is_not_finite_is_a_skip() -> None:
    """No NaN in place of a score."""
    with pytest.raises(SkipError) as caught:
        AestheticQuality().score(Sample(id="a"), rated(4.0, np.nan))
    assert caught.value.code is SkipCode.NON_FINITE
