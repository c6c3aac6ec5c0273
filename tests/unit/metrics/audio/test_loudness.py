"""Loudness: a number, or the meter's own reason why there is none."""

from __future__ import annotations

from avmeter.errors import SkipCode
from avmeter.features.base import Features
from avmeter.metrics.audio.loudness import LoudnessMetric
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def score(**facts: object) -> MetricResult:
    return LoudnessMetric().score(Sample(id="a"), FeatureSet({"audio": Features(facts=facts)}))


def test_loudness_is_reported_as_it_was_measured() -> None:
    """With everything else that the meter found."""
    result = score(integrated_lufs=-23.5, true_peak_dbtp=-1.0)
    assert result.score == -23.5
    assert result.details == {"integrated_lufs": -23.5, "true_peak_dbtp": -1.0}


def test_clip_without_a_loudness_is_skipped_for_the_reason_of_the_meter() -> None:
    """And what could be measured is not lost."""
    reasons = {"integrated_lufs": ("too_short", "lasts 0.20 s; gating needs 0.4 s")}
    result = score(integrated_lufs=None, reasons=reasons, true_peak_dbtp=-1.0)
    assert result.score is None
    assert result.skip is not None
    assert result.skip.code == SkipCode.TOO_SHORT
    assert result.skip.reason == "a: lasts 0.20 s; gating needs 0.4 s"
    assert result.details["true_peak_dbtp"] == -1.0
