"""Structural similarity of clips."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.common.ssim import Ssim
from avmeter.sample import Sample

FEATURES = Features(
    arrays={"ssim": np.array([0.5, 0.7]), "inner": np.array([0.4, 0.5])},
    facts={"num_frames": 2, "num_generated_frames": 2, "num_reference_frames": 2},
)


@pytest.mark.parametrize(("form", "expected"), [("fastvideo", 0.6), ("standard", 0.45)])
def test_score_is_the_mean_over_frames_of_the_pixels_that_the_form_counts(form, expected) -> None:
    """With or without the border; the same features serve both."""
    metric = Ssim(form=form)
    found = metric.score(Sample(id="a"), FeatureSet({"frames": FEATURES}))
    assert found.score == pytest.approx(expected)
    assert metric.needs == Ssim().needs
    assert "note" not in found.details
