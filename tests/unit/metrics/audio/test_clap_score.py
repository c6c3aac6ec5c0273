"""The CLAP score on embeddings whose answer is known."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from avmeter.engine.plan import make_plan
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.clap_score import ClapScore
from avmeter.metrics.audio.text_audio_retrieval import TextAudioRetrieval
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import Skip
from avmeter.sample import Sample

SAMPLE = Sample.of({"audio": "a.wav", "text_prompt": "a dog", "id": "a"})
TEXT_FACTS = {"model": "clap-htsat-fused", "num_tokens": 4, "num_dropped": 0, "truncated": False}
AUDIO_FACTS = {"model": "clap-htsat-fused", "used_seconds": 5.0, "num_repeats": 2, "num_windows": 1}


def features(audio: list[float], text: list[float], **text_facts: Any) -> FeatureSet:
    return FeatureSet(
        {
            "audio": Features(arrays={"embedding": np.array(audio, np.float32)}, facts=AUDIO_FACTS),
            "text": Features(arrays={"embedding": np.array(text, np.float32)}, facts={**TEXT_FACTS, **text_facts}),
        }
    )


@pytest.mark.parametrize(("text", "score"), [([0, 2], 0), ([3, 0], 1), ([-1, 0], -1), ([1, 1], 0.5**0.5)])
def test_score_is_the_plain_cosine(text: list[float], score: float) -> None:
    """In [-1, 1] whatever the lengths, and the details name the scale."""
    result = ClapScore().score(SAMPLE, features([1, 0], text))
    assert result.score == pytest.approx(score, abs=1e-7)
    assert result.details == {**TEXT_FACTS, **AUDIO_FACTS, "scale": "cosine"}


def test_truncated_prompt_is_noted() -> None:
    """A reader of the result sees that the end of the prompt had no influence."""
    result = ClapScore().score(SAMPLE, features([1, 0], [1, 0], num_tokens=600, num_dropped=88, truncated=True))
    assert "600 tokens" in result.details["note"]
    assert "88" in result.details["note"]


@pytest.mark.parametrize("text", [[np.nan, 1], [0, 0], [np.inf, 0]])
def test_embedding_without_direction_is_a_skip(text: list[float]) -> None:
    """No NaN leaves the metric."""
    with pytest.raises(SkipError) as caught:
        ClapScore().score(SAMPLE, features([1, 0], text))
    assert caught.value.code == SkipCode.NON_FINITE


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, SkipCode.MISSING_INPUT),
        ({"text_prompt": ""}, SkipCode.EMPTY_TEXT),
        ({"text_prompt": " \n\t"}, SkipCode.EMPTY_TEXT),
    ],
)
@pytest.mark.parametrize("metric", [ClapScore, TextAudioRetrieval])
def test_sample_without_a_prompt_is_skipped_by_name(metric: type[Any], given: dict[str, str], code: SkipCode) -> None:
    """An absent prompt and an empty one are two reasons."""
    chosen = metric()
    sample = Sample.of({"audio": "a.wav", **given})
    plan = make_plan([sample], {chosen.name: chosen}, {})
    missing = plan.requested[0, chosen.name]["text"]
    assert isinstance(missing, Skip)
    assert missing.code == code


@pytest.mark.parametrize("name", ["audio.clap_score", "audio.text_audio_retrieval"])
def test_options_are_checked_when_the_metric_is_made(name: str) -> None:
    """A checkpoint by the papers' name is kept under its catalog name; a wrong option never reaches a run."""
    metric = get_metric(name, model="630k-audioset-fusion-best", long_clips="windows")
    assert metric.options() == {
        "protocol": "fastvideo",
        "model": "laion-clap-630k-fused",
        "long_clips": "windows",
    }
    assert {n.extractor for n in metric.needs} == {"clap_audio", "clap_text"}
    for wrong in ({"model": "clap"}, {"long_clips": "all"}, {"protocol": "x"}):
        with pytest.raises(UnknownNameError):
            get_metric(name, **wrong)


@pytest.mark.parametrize("option", ["model", "long_clips"])
@pytest.mark.parametrize("value", [2023, 1.5, True, ["windows"]])
def test_option_that_is_no_text_is_refused_by_its_value(option: str, value: Any) -> None:
    """`--set audio.clap_score.model=2023` is a number, which no option of names takes."""
    with pytest.raises(
        UsageError, match=re.escape(f"{option}={value!r} of `audio.clap_score` is not a text")
    ) as caught:
        get_metric("audio.clap_score", **{option: value})
    assert caught.value.hint
