"""PLCMOS as a result: the headline, its details, and what a score should be doubted for."""

from __future__ import annotations

from avmeter.features.base import Features
from avmeter.metrics.audio.plcmos import PlcmosMetric
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def result_of(*, silent: bool) -> MetricResult:
    facts = {"mos": 3.25, "listener_std": 0.05, "num_listeners": 15, "silent": silent, "high_band_only": False}
    return PlcmosMetric().score(Sample.of({"audio": "a.wav"}), FeatureSet({"audio": Features(facts=facts)}))


def test_score_is_the_mean_of_the_listeners() -> None:
    """Their number and spread stand beside it; ordinary clips have no warning."""
    result = result_of(silent=False)
    assert result.score == 3.25
    assert result.details == {"mos": 3.25, "listener_std": 0.05, "num_listeners": 15}


def test_score_of_silence_has_a_warning() -> None:
    """The network answers, but there is nothing to judge."""
    assert "silence" in result_of(silent=True).details["warning"]
