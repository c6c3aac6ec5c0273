"""Metrics over ViCLIP."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.sample import Sample
from support.features import READ


@pytest.mark.parametrize("name", ["vbench.overall_consistency", "vbench.temporal_style"])
def test_score_is_the_cosine_and_a_note_says_what_was_not_read(name: str) -> None:
    """Lengths do not count."""
    facts = {"num_tokens": 40, "num_dropped": 8, "truncated": True}
    video = Features(arrays={"embedding": np.array([3.0, 0])}, facts={"num_frames": 9})
    for text_facts in (READ, facts):
        text = Features(arrays={"embedding": np.array([1.0, 1.0])}, facts=text_facts)
        found = get_metric(name).score(Sample(id="a"), FeatureSet({"video": video, "text": text}))
        assert found.score == pytest.approx(0.5**0.5)
        assert found.details["num_frames"] == 9
    assert "the last 8 were not read" in found.details["note"]
