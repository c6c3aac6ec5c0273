"""Temporal flickering."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.vbench.temporal_flickering import TemporalFlickering
from avmeter.sample import Sample


@pytest.mark.parametrize(("changes", "expected"), [([51.0, 0.0], 0.9), ([255.0], 0.0), ([], 1.0)])
def test_score_falls_with_the_mean_change_and_one_frame_has_none(changes, expected) -> None:
    """As published: of 255 steps, and 1 without a pair."""
    features = Features(arrays={"mae": np.array(changes)}, facts={"num_frames": len(changes) + 1})
    found = TemporalFlickering().score(Sample(id="a"), FeatureSet({"changes": features}))
    assert found.score == pytest.approx(expected)
    assert found.details["per_pair_mae"] == changes
    assert ("note" in found.details) == (not changes)
