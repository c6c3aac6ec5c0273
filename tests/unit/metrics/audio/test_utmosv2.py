"""UTMOSv2 as a result: the headline, and its options."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.utmosv2 import Utmosv2Metric
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample


def test_score_is_the_opinion_score() -> None:
    """What is silent is warned of."""
    facts = {"mos": 3.25, "speech_s": 2.0, "silent": True, "high_band_only": False}
    result = Utmosv2Metric().score(Sample.of({"audio": "a.wav"}), FeatureSet({"audio": Features(facts=facts)}))
    assert result.score == 3.25
    assert "silence" in result.details["warning"]


def test_no_repetition_is_refused() -> None:
    """One or more."""
    with pytest.raises(UsageError, match="num_repetitions=0: needs at least 1"):
        Utmosv2Metric(num_repetitions=0)
