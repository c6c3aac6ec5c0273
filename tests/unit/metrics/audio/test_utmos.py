"""UTMOS as a result: the headline, its details, and what a score should be doubted for."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.features.base import Features
from avmeter.metrics.audio.utmos import UtmosMetric
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample


def details_of(**flags: bool) -> dict[str, Any]:
    facts = {"mos": 3.25, "num_windows": 1, "silent": False, "high_band_only": False, **flags}
    result = UtmosMetric().score(Sample.of({"audio": "a.wav"}), FeatureSet({"audio": Features(facts=facts)}))
    assert result.score == 3.25
    return result.details


def test_score_is_the_opinion_score() -> None:
    """Ordinary clips have no warning."""
    assert details_of() == {"mos": 3.25, "num_windows": 1}


@pytest.mark.parametrize(("flag", "word"), [("silent", "silence"), ("high_band_only", "no energy below 8 kHz")])
def test_what_the_network_cannot_judge_is_warned_of(flag: str, word: str) -> None:
    """A number for silence, or for sound above the network's band, is not left to speak for itself."""
    assert word in details_of(**{flag: True})["warning"]
