"""Metrics that ask a judge where the published network is not here."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode, UnknownNameError
from avmeter.metrics.judged import JudgedMetric, judge_model, without_judge
from avmeter.metrics.resolve import resolve_metrics
from avmeter.registry import METRICS
from avmeter.sample import Sample
from support.judge import MODEL, answered

RELATION = {"object_a": "cat", "object_b": "dog", "relationship": "on the left of"}
INFO: dict[str, Any] = {
    "vbench.object_class": {"object": "dog"},
    "vbench.multiple_objects": {"object": "dog and cat"},
    "vbench.color": {"color": "red"},
    "vbench.spatial_relationship": {"spatial_relationship": RELATION},
    "vbench.scene": {"scene": "beach"},
    "videoscore2.score": {},
}


def metric_of(name: str) -> JudgedMetric:
    metric = resolve_metrics(name)[name]
    assert isinstance(metric, JudgedMetric)
    return metric


def sample_of(name: str, **more: Any) -> Sample:
    return Sample.of({"video": "a.mp4", "text_prompt": "a red dog", "auxiliary_info": INFO[name], **more})


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"AVMETER_JUDGE_{name}", raising=False)


@pytest.mark.parametrize("name", INFO)
def test_own_name_is_of_the_published_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is a judge or not, whose number it would not be."""
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", MODEL)
    skip = metric_of(name).check(sample_of(name))
    assert skip is not None
    assert skip.code is SkipCode.UNSUPPORTED
    assert "not in avmeter" in skip.reason
    assert f"{name}@judge" in skip.hint


@pytest.mark.parametrize("name", INFO)
def test_label_asks_a_judge_who_has_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, the skip says what is needed; the model is an option too, and is reported."""
    sample = sample_of(name)
    skip = metric_of(f"{name}@judge").check(sample)
    assert skip is not None
    assert skip.code is SkipCode.DEPENDENCY_MISSING
    assert "AVMETER_JUDGE_URL" in skip.reason
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", MODEL)
    metric = metric_of(f"{name}@judge")
    assert metric.check(sample) is None
    assert metric.options()["model"] == MODEL
    (need,) = metric.needs
    assert (need.extractor, need.options["model"], need.fields[0]) == ("judge_answer", MODEL, "video")
    assert need.fields[1:] == metric.text_fields
    own = METRICS.get(name)(backbone="judge", model="other")
    assert own.needs[0].options["model"] == own.options()["model"] == "other"


def test_unknown_backbone_is_refused() -> None:
    """By name."""
    with pytest.raises(UnknownNameError, match="gritt"):
        METRICS.get("vbench.color")(backbone="gritt")


def test_sample_of_another_dimension_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is decoded; an absent key is left to the engine, which says how to give it."""
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", MODEL)
    metric = metric_of("vbench.object_class@judge")
    skip = metric.check(sample_of("vbench.object_class", auxiliary_info={"color": "red"}))
    assert skip is not None
    assert (skip.code, "`object`" in skip.reason) == (SkipCode.MISSING_INPUT, True)
    assert metric.check(Sample.of({"video": "a.mp4"})) is None


def test_result_says_who_answered() -> None:
    """And what was counted."""
    metric = METRICS.get("vbench.object_class")(backbone="judge", model=MODEL)
    found = metric.score(sample_of("vbench.object_class"), answered(["yes", "no", "yes", "yes"]))
    assert found.score == pytest.approx(0.75)
    assert found.details["matching_frames"] == 3
    assert {"model": MODEL, "backbone": "judge", "prompt_version": "1"}.items() <= found.details.items()


def test_model_is_an_option_or_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option first."""
    assert judge_model(None) == ""
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", MODEL)
    assert (judge_model(None), judge_model("other")) == (MODEL, "other")
    assert without_judge(None) is None
