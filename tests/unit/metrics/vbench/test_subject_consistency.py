"""Subject consistency."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.sample import Sample


def test_score_is_the_consistency_of_the_frames() -> None:
    """Of this network's embeddings."""
    metric = get_metric("vbench.subject_consistency")
    (need,) = metric.needs
    assert (need.field, need.extractor, need.options) == ("video", "dino_frames", {})
    frames = Features(arrays={"embedding": np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])}, facts={"num_frames": 3})
    found = metric.score(Sample(id="a"), FeatureSet({"frames": frames}))
    assert found.score == pytest.approx(0.25)
    assert found.details["per_frame"] == pytest.approx([0.0, 0.5])
