"""Appearance style."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.vbench.appearance_style import AppearanceStyle
from avmeter.sample import Sample
from support.features import READ


def test_score_is_the_mean_cosine_of_frames_and_text() -> None:
    """Both by one CLIP."""
    metric = AppearanceStyle()
    assert {n.name: (n.field, n.extractor) for n in metric.needs} == {
        "frames": ("video", "clip_frames"), "text": ("text_prompt", "clip_text"),
    }  # fmt: skip
    assert {n.options["model"] for n in metric.needs} == {"clip-vit-b-32"}
    frames = Features(arrays={"embedding": np.array([[2.0, 0.0], [0.0, 3.0]])}, facts={"num_frames": 2})
    text = Features(arrays={"embedding": np.array([5.0, 0.0])}, facts=READ)
    found = metric.score(Sample(id="a"), FeatureSet({"frames": frames, "text": text}))
    assert found.score == pytest.approx(0.5)
    assert found.details == {"per_frame": [1.0, 0.0], "num_frames": 2, **READ}
