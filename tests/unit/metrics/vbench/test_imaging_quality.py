"""Imaging quality."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.vbench.imaging_quality import ImagingQuality
from avmeter.sample import Sample


def rated(*quality: float) -> FeatureSet:
    arrays = {"quality": np.array(quality, np.float32)}
    return FeatureSet({"frames": Features(arrays=arrays, facts={"num_frames": len(quality)})})


def test_score_is_the_mean_rating_over_a_hundred() -> None:
    """Frame by frame in the details, as FastVideo names it."""
    found = ImagingQuality().score(Sample(id="a"), rated(40.0, 60.0))
    assert found.score == pytest.approx(0.5)
    assert found.details["per_frame_raw"] == pytest.approx([40.0, 60.0])


def test_rating_that_is_not_finite_is_a_skip() -> None:
    """No NaN in place of a score."""
    with pytest.raises(SkipError) as caught:
        ImagingQuality().score(Sample(id="a"), rated(40.0, np.inf))
    assert caught.value.code is SkipCode.NON_FINITE
