"""Audiobox Aesthetics as a result: the headline, the other axes, and what a score should be doubted for."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.features.base import Features
from avmeter.metrics.audio.audiobox_aesthetics import AudioboxAesthetics
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

FACTS = {"CE": 5.0, "CU": 6.0, "PC": 3.0, "PQ": 7.5, "num_windows": 2, "used_seconds": 10.01}


def details_of(**flags: bool) -> dict[str, Any]:
    facts = {**FACTS, "silent": False, "high_band_only": False, **flags}
    result = AudioboxAesthetics().score(Sample.of({"audio": "a.wav"}), FeatureSet({"audio": Features(facts=facts)}))
    assert result.score == 7.5
    return result.details


def test_score_is_production_quality_and_the_rest_are_details() -> None:
    """All four axes are in the details, without a warning for an ordinary clip."""
    assert details_of() == FACTS


@pytest.mark.parametrize(("flag", "word"), [("silent", "silence"), ("high_band_only", "no energy below 8 kHz")])
def test_what_the_network_cannot_hear_is_warned_of(flag: str, word: str) -> None:
    """A number for silence, or for sound above the network's band, is not left to speak for itself."""
    assert word in details_of(**{flag: True})["warning"]
