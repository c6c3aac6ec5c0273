"""Whether a metric can run here, as a value."""

from __future__ import annotations

import pytest

from avmeter.errors import MissingDependencyError, UnknownNameError
from avmeter.metrics.availability import check_availability
from avmeter.weights import WeightsSource


def test_metric_without_weights_is_ready_everywhere() -> None:
    """Signal statistics need no checkpoint."""
    found = check_availability("audio.loudness", WeightsSource())
    assert found.is_ready
    assert found.requirements is not None
    assert found.requirements.checkpoints == ()


def test_metric_without_its_weights_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoints are named; stand-ins need none."""
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: False)
    found = check_availability("audio.desync", WeightsSource())
    assert not found.is_ready
    assert found.missing_checkpoints == ("synchformer",)
    assert check_availability("audio.desync", WeightsSource(is_dummy=True)).is_ready


def test_metric_that_cannot_be_built_has_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package and an unknown name are values, not exceptions."""
    monkeypatch.setattr("avmeter.registry.missing_packages", lambda modules: [m for m in modules if m == "cv2"])
    found = check_availability("av.align", WeightsSource())
    assert isinstance(found.error, MissingDependencyError)
    assert not found.is_ready
    assert isinstance(check_availability("av.nothing", WeightsSource()).error, UnknownNameError)
