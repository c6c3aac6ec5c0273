"""Onset accuracy."""

from __future__ import annotations

import numpy as np

from avmeter.features.base import Features
from avmeter.metrics.audio.onset_accuracy import OnsetAccuracy
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

FACTS = {"used_seconds": 2.0, "generated_duration_s": 2.0, "reference_duration_s": 2.0}


def score(generated: list[float], reference: list[float], **facts: float):
    ones = np.ones(len(generated))
    arrays = {"generated_s": np.array(generated), "reference_s": np.array(reference), "confidence": ones, "level": ones}
    pair = Features(arrays=arrays, facts=FACTS | facts)
    return OnsetAccuracy().score(Sample(id="a"), FeatureSet({"pair": pair}))


def test_equal_numbers_are_right_wherever_they_are() -> None:
    """Counts are compared before neighbours suppress each other; how many were found is in the details."""
    result = score([0.5, 0.53], [1.0, 1.5])
    assert (result.score, result.details["hit_rate"]) == (1.0, 0.0)
    assert score([0.5], [0.52, 1.5]).score == 0.0
    assert score([0.5], [0.52, 1.5]).details["hit_rate"] == 0.5


def test_silence_equals_silence_and_differs_from_sound() -> None:
    """Numbers of nothing compare as well; a share of nothing is left out."""
    assert score([], []).score == 1.0
    assert score([0.5], []).score == 0.0
    assert "hit_rate" not in score([], []).details


def test_different_durations_are_noted() -> None:
    """The note says how much counts."""
    assert score([0.5], [0.5], generated_duration_s=8.0).details["note"] == (
        "8.00 s against 2.00 s: the first 2.00 s count"
    )
