"""A backbone whose weights are here stands in where the default's are not."""

from __future__ import annotations

import pytest

from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import get_metric
from avmeter.stress.fallbacks import FALLBACK_BACKBONE, with_fallbacks
from avmeter.weights import WeightsSource

METRICS = ["audio.prdc", "audio.kl_divergence", "audio.loudness"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Checkpoints that are on this machine: those of the fallback."""
    entries = set(requirements_of(get_metric("audio.prdc", backbone=FALLBACK_BACKBONE)).checkpoints)
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: entry in entries)
    return entries


def test_metric_without_weights_gets_the_fallback(here: set[str]) -> None:
    """Only metrics with a backbone change, and their other options stay."""
    options, changed = with_fallbacks(METRICS, {"audio.prdc": {"neighbours": 3}}, WeightsSource())
    assert changed == ["audio.prdc", "audio.kl_divergence"]
    assert options["audio.prdc"] == {"neighbours": 3, "backbone": FALLBACK_BACKBONE}


def test_explicit_backbone_and_weights_at_hand_stay(here: set[str]) -> None:
    """What the user chose, or what is here, is not replaced; nor is anything by weights that are absent too."""
    chosen = {"audio.prdc": {"backbone": "vggish"}}
    assert with_fallbacks(["audio.prdc"], chosen, WeightsSource()) == (chosen, [])
    assert with_fallbacks(METRICS, {}, WeightsSource(is_dummy=True)) == ({}, [])
    here.clear()
    assert with_fallbacks(METRICS, {}, WeightsSource()) == ({}, [])
