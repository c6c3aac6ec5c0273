"""Disagreement of two recognisers."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.asr_disagreement import AsrDisagreement
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def score(one: str, other: str) -> MetricResult:
    features = FeatureSet({"transcript": Features(facts={"text": one}), "second": Features(facts={"text": other})})
    return AsrDisagreement().score(Sample.of({"id": "a", "audio": "a.wav"}), features)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Hello, there.", "hello there", 0.0),
        ("it is fifty", "it is 50", 0.0),
        ("one two three four", "one two four", 0.25),
        ("one two four", "one two three four", 0.25),
        ("nothing alike", "", 1.0),
        ("你好吗", "你好", 1 / 3),
    ],
)
def test_disagreement_is_edits_over_the_longer_transcript(one: str, other: str, expected: float) -> None:
    """Alike from either side, after one normaliser; 1 where only one hears words."""
    assert score(one, other).score == pytest.approx(expected)


def test_clip_in_which_neither_hears_a_word_is_skipped() -> None:
    """Nothing is no agreement."""
    with pytest.raises(SkipError, match="neither recogniser hears a word") as caught:
        score("...", "")
    assert caught.value.code == SkipCode.NO_SPEECH


def test_two_recognisers_are_asked_for() -> None:
    """Whisper base and tiny, unless others are named; one alone cannot disagree, a given text is of none."""
    assert [(n.extractor, n.options["model_name"]) for n in AsrDisagreement().needs] == [
        ("whisper", None),
        ("whisper", "tiny"),
    ]
    assert AsrDisagreement(second_backend="sensevoice", second_model_name=None).needs[1].extractor == "sensevoice"
    with pytest.raises(UsageError, match="disagree with itself"):
        AsrDisagreement(second_model_name=None)
    with pytest.raises(UsageError, match="of recognisers"):
        AsrDisagreement(second_backend="given")
