"""Motion smoothness."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.sample import Sample


def test_score_is_the_likeness_of_the_frames_left_out() -> None:
    """Of 255 steps, the mean over frames."""
    metric = get_metric("vbench.motion_smoothness")
    (need,) = metric.needs
    assert (need.field, need.extractor, need.options) == ("video", "amt_interpolation", {})
    frames = Features(arrays={"mae": np.array([51.0, 0.0])}, facts={"num_frames": 5})
    found = metric.score(Sample(id="a"), FeatureSet({"frames": frames}))
    assert found.score == pytest.approx(0.9)
    assert found.details == {"vfi_score": 25.5, "per_frame_mae": [51.0, 0.0], "num_frames": 5}
