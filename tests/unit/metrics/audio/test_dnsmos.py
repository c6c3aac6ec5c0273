"""DNSMOS: the headline is the overall quality, the other scales stand beside it."""

from __future__ import annotations

from avmeter.features.base import Features
from avmeter.metrics.audio.dnsmos import DnsmosMetric
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample


def test_headline_is_the_overall_quality_and_no_scale_is_lost() -> None:
    """Scores of the network pass as they are."""
    facts = {"ovrl": 3.25, "sig": 3.5, "bak": 4.0, "p808": 3.0}
    result = DnsmosMetric().score(Sample(id="a"), FeatureSet({"audio": Features(facts=facts)}))
    assert result.score == 3.25
    assert result.details == facts
