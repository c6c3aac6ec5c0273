"""Spatial relationship, as a judge sees it."""

from __future__ import annotations

import pytest

from avmeter.metrics.vbench.spatial_relationship import SpatialRelationship
from avmeter.sample import Sample
from support.judge import answered


def test_score_is_the_share_of_frames_to_which_the_judge_says_yes() -> None:
    """Frame by frame in the details."""
    found = SpatialRelationship(backbone="judge").score(Sample(id="a"), answered(["yes", "no", "no", "no"]))
    assert found.score == pytest.approx(0.25)
    assert found.details["per_frame"] == ["yes", "no", "no", "no"]
