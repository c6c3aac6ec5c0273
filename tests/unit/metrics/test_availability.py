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


def test_metric_that_stands_on_what_is_not_here_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without its published network nor with nobody to ask; the other labels are named."""
    for name in ("AVMETER_JUDGE_URL", "AVMETER_JUDGE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    flow = check_availability("optical_flow.gt_optical_flow", WeightsSource())
    assert not flow.is_ready
    assert flow.obstacle is not None
    assert flow.obstacle.sentence.endswith("DPFlow, which is not in avmeter; instead: @raft, @dis, @farneback")
    assert check_availability("optical_flow.gt_optical_flow@dis", WeightsSource()).obstacle is None
    for name in ("vbench.color@judge", "judge.third_person_separation"):
        assert not check_availability(name, WeightsSource()).is_ready
        monkeypatch.setenv("AVMETER_JUDGE_MODEL", "m")
        found = check_availability(name, WeightsSource())
        assert (found.is_ready, found.obstacle, found.missing_variables) == (False, None, ("AVMETER_JUDGE_URL",))
        monkeypatch.setenv("AVMETER_JUDGE_URL", "http://localhost:8000/v1")
        assert check_availability(name, WeightsSource()).is_ready
        monkeypatch.delenv("AVMETER_JUDGE_URL")
        monkeypatch.delenv("AVMETER_JUDGE_MODEL")
