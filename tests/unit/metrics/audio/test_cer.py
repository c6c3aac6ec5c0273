"""The character error rate of clips and of a corpus."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode
from avmeter.metrics.audio.cer import Cer
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.run.corpus_terms import corpus_terms
from avmeter.sample import Sample
from support.transcripts import transcribed


def sample(text: str, *, clip: str = "c.wav", **more: Any) -> Sample:
    return Sample.of({"audio": clip, "reference_text": text, "id": clip, **more})


def score(reference: str, text: str, **more: Any) -> MetricResult:
    return Cer().score(sample(reference, **more), transcribed(text))


@pytest.mark.parametrize(
    ("reference", "transcript", "language", "expected"),
    [
        ("kitten", "sitting", "en", 3 / 6),
        ("some words", "somewords", "en", 0.0),
        ("今天天气很好", "今天天汽很好", "zh", 1 / 6),
        ("我用 Python", "我用 Pithon", "zh", 1 / 8),
        ("कि खा गा", "की खा गा", "hi", 1 / 3),
        ("สวัสดี", "สวัสด", "th", 1 / 4),
        ("hello", "", "en", 1.0),
    ],
)
def test_edits_are_counted_over_characters(reference: str, transcript: str, language: str, expected: float) -> None:
    """A letter with its marks is one, spaces are none."""
    assert score(reference, transcript, language=language).score == pytest.approx(expected)


def test_word_error_rate_stands_beside_it() -> None:
    """And counts are of characters."""
    details = score("no way", "no wey").details
    assert (details["wer"], details["hits"], details["substitutions"]) == (0.5, 4, 1)
    assert "cer" not in details


def test_corpus_rate_is_over_all_characters_with_missing_clips_as_deletions() -> None:
    """One wrong of four, and all six of a clip that is not there."""
    metric = Cer()
    state = metric.update(metric.start(), sample("abcd"), transcribed("abxd"))
    state = metric.left_out(state, sample("efghij", clip="gone"), Skip(code=SkipCode.MISSING_FILE, reason="gone"))
    result = metric.finish(state)
    assert result.score == pytest.approx(7 / 10)
    details = result.details
    assert (details["cer_scored_only"], details["characters"], details["missing_characters"]) == (0.25, 10, 6)
    assert details["macro_cer"] == pytest.approx((0.25 + 1) / 2)
    assert details["worst"][0]["cer"] == 1.0
    assert details["by_language"]["en"]["characters"] == 4
    assert not {"words", "macro_wer", "wer_scored_only", "missing_words"} & set(details)


def test_silence_where_nothing_should_be_said_has_no_rate() -> None:
    """An empty text is a skip, as it is for words."""
    result = score("", "thank you")
    assert result.skip is not None
    assert result.skip.code == SkipCode.EMPTY_TEXT
    assert "8 characters" in result.skip.reason


def test_corpus_rate_can_be_computed_again_from_the_rows() -> None:
    """Over a group or a resample of clips: counts are of characters there too."""
    metric = Cer()
    texts = [("abcd", "abxd"), ("efghij", "efghij")]
    rows = [metric.score(sample(text, clip=f"{i}"), transcribed(said)) for i, (text, said) in enumerate(texts)]
    state = metric.start()
    for i, (text, said) in enumerate(texts):
        state = metric.update(state, sample(text, clip=f"{i}"), transcribed(said))
    corpus = metric.finish(state)
    samples = [sample(text, clip=f"{i}") for i, (text, _) in enumerate(texts)]
    results = EvalResults([{"audio.cer": r} for r in rows], {"audio.cer": corpus}, samples=samples)
    terms = corpus_terms(results, "audio.cer")
    assert terms is not None
    assert [t.denominator for t in terms.values()] == [4, 6]
