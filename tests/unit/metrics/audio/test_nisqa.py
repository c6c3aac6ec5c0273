"""NISQA as a result: the headline and its dimensions."""

from __future__ import annotations

from avmeter.features.base import Features
from avmeter.metrics.audio.nisqa import NisqaMetric
from avmeter.metrics.base import FeatureSet
from avmeter.nets.nisqa import OUTPUTS
from avmeter.sample import Sample


def test_score_is_the_overall_opinion_with_the_others_beside_it() -> None:
    """And a warning where there is nothing to judge."""
    opinions = dict(zip(OUTPUTS, (3.0, 4.0, 2.0, 1.0, 5.0), strict=True))
    facts = {**opinions, "sample_rate": 48_000, "num_windows": 1, "silent": True, "high_band_only": False}
    result = NisqaMetric().score(Sample.of({"audio": "a.wav"}), FeatureSet({"audio": Features(facts=facts)}))
    assert result.score == 3.0
    assert {name: result.details[name] for name in OUTPUTS} == opinions
    assert "silence" in result.details["warning"]
