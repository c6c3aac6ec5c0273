"""Checkpoints that a run lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.metrics.resolve import resolve_metrics
from avmeter.preflight.checkpoints import MissingCheckpoint, missing_checkpoints, total_bytes
from avmeter.weights import WeightsSource


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AVMETER_CACHE", "AVMETER_WEIGHTS", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))


def test_checkpoint_of_several_metrics_is_listed_once() -> None:
    """With its size and every metric that it stops."""
    metrics = resolve_metrics("audio.frechet_distance,audio.kl_divergence")
    (found,) = missing_checkpoints(metrics, WeightsSource())
    assert (found.name, found.size_bytes, found.is_exact) == ("passt", 344_665_734, True)
    assert found.metrics == ("audio.frechet_distance", "audio.kl_divergence")


def test_size_known_roughly_says_so() -> None:
    """An estimate is no measured size."""
    (found,) = missing_checkpoints(resolve_metrics("audio.clap_score"), WeightsSource())
    assert not found.is_exact
    assert found.size_bytes == pytest.approx(615e6, rel=0.02)


def test_stand_in_weights_lack_nothing() -> None:
    """Nothing is fetched for them."""
    assert missing_checkpoints(resolve_metrics("audio.frechet_distance"), WeightsSource(is_dummy=True)) == []


def test_total_of_an_unknown_size_is_unknown() -> None:
    """What may be gigabytes is not counted as nothing."""
    known = MissingCheckpoint(name="a", size_bytes=5, is_exact=True, has_source=True, metrics=())
    unknown = MissingCheckpoint(name="b", size_bytes=None, is_exact=False, has_source=True, metrics=())
    assert total_bytes([known, known]) == 10
    assert total_bytes([known, unknown]) is None
