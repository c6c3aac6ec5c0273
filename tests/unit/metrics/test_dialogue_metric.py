"""Dialogues by speaker: what is counted, what is skipped, and the corpus."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode, UnknownNameError
from avmeter.metrics.audio.cpcer import CpCer
from avmeter.metrics.audio.cpwer import CpWer
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

REFERENCE = [
    {"speaker": "Ann", "text": "Hello, Bob."},
    {"speaker": "Bob", "text": "Hi!"},
    {"speaker": "Ann", "text": "It costs fifty."},
]


def sample(reference: Any, transcript: Any, **more: Any) -> Sample:
    return Sample.of({"id": "d", "reference_text": reference, "given_transcript": transcript, **more})


def heard(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"speaker": name, "text": text} for name, text in turns]


def test_turns_of_a_speaker_are_one_text_and_names_need_not_agree() -> None:
    """Normalised as for WER: case, signs and numbers."""
    result = CpWer().score(sample(REFERENCE, heard(("0", "hi"), ("1", "hello bob it costs 50"))), FeatureSet())
    assert result.score == 0
    assert result.details["assignment"] == [["Ann", "1"], ["Bob", "0"]]
    assert (result.details["num_speakers"], result.details["num_transcribed_speakers"]) == (2, 2)


def test_words_of_the_wrong_person_are_errors() -> None:
    """Which a WER without speakers does not see."""
    wrong = heard(("0", "hello bob hi"), ("1", "it costs fifty"))
    result = CpWer().score(sample(REFERENCE, wrong), FeatureSet())
    assert result.score == pytest.approx(4 / 6)
    assert CpWer(normalizer="none").score(sample(REFERENCE, REFERENCE), FeatureSet()).score == 0


def test_characters_are_counted_where_words_are_not_spaced() -> None:
    """Chinese by character in both; other words by letter in cpCER only."""
    chinese = heard(("a", "你好吗")), heard(("x", "你好"))
    assert CpWer().score(sample(*chinese), FeatureSet()).score == pytest.approx(1 / 3)
    assert CpCer().score(sample(*chinese), FeatureSet()).score == pytest.approx(1 / 3)
    assert CpCer().score(sample(heard(("a", "abcd")), heard(("x", "abce"))), FeatureSet()).score == 0.25


@pytest.mark.parametrize("field", ["reference_text", "given_transcript"])
def test_dialogue_without_one_side_is_a_skip_that_names_the_field(field: str) -> None:
    """No word is counted as deleted."""
    given = {"reference_text": REFERENCE, "given_transcript": REFERENCE}
    del given[field]
    skip = CpWer().check(Sample.of({"id": "d", **given}))
    assert skip is not None
    assert (skip.code, skip.field) == (SkipCode.MISSING_INPUT, field)


@pytest.mark.parametrize("transcript", ["hello", ["hello"], [{"text": "hello"}], [{"speaker": "", "text": "hello"}]])
def test_words_of_nobody_are_a_skip(transcript: Any) -> None:
    """Who speaks is not guessed."""
    skip = CpWer().check(sample(REFERENCE, transcript))
    assert skip is not None
    assert skip.code == SkipCode.UNSUPPORTED
    assert "speaker" in skip.hint


def test_corpus_rate_is_all_edits_over_all_words() -> None:
    """In the run, without sound and without a network; an empty dialogue has no rate."""
    dialogues = [
        {"id": "a", "reference_text": heard(("A", "one two three")), "given_transcript": heard(("x", "one two"))},
        {"id": "b", "reference_text": heard(("A", "four")), "given_transcript": heard(("x", "four"))},
        {"id": "c", "reference_text": heard(("A", "")), "given_transcript": heard(("x", "what"))},
    ]
    results = create_evaluator(metrics=["audio.cpwer"], device="cpu").evaluate(samples=dialogues)
    assert [row["audio.cpwer"].score for row in results] == [pytest.approx(1 / 3), 0, None]
    corpus = results.corpus["audio.cpwer"]
    assert corpus.score == 0.25
    assert corpus.details["words_where_none_were_wanted"] == 1
    assert results[2]["audio.cpwer"].skip.code == SkipCode.EMPTY_TEXT


def test_unknown_normaliser_is_refused() -> None:
    """With what was meant."""
    with pytest.raises(UnknownNameError, match="magihuman"):
        CpWer(normalizer="magihumn")
