"""Dynamic degree."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from avmeter.sample import Sample


def scored(magnitude: list[float], short_side: int = 512) -> MetricResult:
    metric = get_metric("vbench.dynamic_degree")
    facts = {"fps": 24.0, "interval": 3, "num_frames": 40, "num_frames_read": len(magnitude) + 1}
    features = Features(arrays={"magnitude": np.array(magnitude)}, facts={**facts, "short_side": short_side})
    return metric.score(Sample(id="a"), FeatureSet({"flow": features}))


@pytest.mark.parametrize(("num_moving", "score"), [(3, 0.0), (4, 1.0), (9, 1.0)])
def test_a_quarter_of_the_frames_has_to_move(num_moving: int, score: float) -> None:
    """Four of sixteen, by more than 12 pixels of 512."""
    found = scored([13.0] * num_moving + [12.0] * (15 - num_moving))
    assert found.score == score
    assert (found.details["count_above"], found.details["count_needed"]) == (num_moving, 4)
    assert (found.details["threshold"], found.details["n_frames_used"]) == (12.0, 16)


def test_larger_frames_have_to_move_farther() -> None:
    """By their short side."""
    assert [scored([10.0] * 15, side).score for side in (256, 512)] == [1.0, 0.0]


def test_need_is_the_flow_of_the_video() -> None:
    """Of RAFT."""
    (need,) = get_metric("vbench.dynamic_degree").needs
    assert (need.field, need.extractor, need.options) == ("video", "raft_magnitude", {})
