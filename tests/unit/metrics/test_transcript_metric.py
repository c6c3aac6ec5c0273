"""Which words are scored, and what a score says of them."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode, UsageError
from avmeter.metrics.audio.cer import Cer
from avmeter.metrics.audio.wer import Wer
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.transcript_metric import TranscriptMetric
from avmeter.result import MetricResult
from avmeter.sample import Sample
from support.transcripts import transcribed


def score(reference: str, transcript: str, *, options: dict[str, Any] | None = None, **more: Any) -> MetricResult:
    sample = Sample.of({"audio": "c.wav", "reference_text": reference, "id": "c.wav", **more})
    return Wer(**(options or {})).score(sample, transcribed(transcript, language=more.get("detected", "en")))


# -- transcripts that are given ------------------------------------------------------------------------------


def test_given_transcript_is_scored_without_a_recogniser() -> None:
    """A text or turns, of the sample; nothing is heard, and nothing is claimed to have been."""
    metric = Wer(asr_backend="given")
    assert metric.needs == ()
    assert metric.requires == ("reference_text", "given_transcript")
    for transcript in ("hello there", [{"speaker": "Ann", "text": "Hello"}, "there!"]):
        sample = Sample.of({"reference_text": "Hello there, Bob.", "given_transcript": transcript})
        assert metric.check(sample) is None
        result = metric.score(sample, FeatureSet())
        assert result.score == pytest.approx(1 / 3)
        assert result.details["asr_backend"] == "given"
        assert result.details["speech_s"] is None
        assert metric.finish(metric.update(metric.start(), sample, FeatureSet())).score == result.score


def test_sample_without_its_transcript_is_a_skip_and_no_deletion() -> None:
    """Its words are not counted as unsaid: nobody listened."""
    metric = Wer(asr_backend="given")
    sample = Sample.of({"id": "a", "reference_text": "hello"})
    skip = metric.check(sample)
    assert skip is not None
    assert (skip.code, skip.field) == (SkipCode.MISSING_INPUT, "given_transcript")
    assert metric.left_out(metric.start(), sample, skip).missing_words == []


def test_given_transcript_is_of_no_model_and_the_first() -> None:
    """A recogniser may be asked for a second opinion."""
    assert [need.name for need in Wer(asr_backend="given", second_backend="whisper").needs] == ["second"]
    for options in ({"asr_backend": "given", "model_name": "base"}, {"second_backend": "given"}):
        with pytest.raises(UsageError, match="of no model"):
            Wer(**options)


# -- the source of the words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [Wer(), Cer()])
def test_prompt_is_not_taken_for_words(metric: TranscriptMetric) -> None:
    """A sample with a prompt alone is a skip that says how to score against the prompt."""
    skip = metric.check(Sample.of({"audio": "c.wav", "text_prompt": "a dog barks"}))
    assert skip is not None
    assert (skip.code, skip.field) == (SkipCode.MISSING_INPUT, "reference_text")
    assert f"{metric.name}.words_from=text_prompt" in skip.hint
    assert "words_from=text_prompt" in skip.reason


def test_prompt_is_scored_where_it_is_asked_for() -> None:
    """With `words_from`, the prompt is what should be said, whatever else the sample has, and results say so."""
    metric = Wer(words_from="text_prompt")
    sample = Sample.of({"audio": "c.wav", "text_prompt": "a dog barks", "reference_text": "something else"})
    assert metric.requires == ("text_prompt",)
    assert metric.check(sample) is None
    result = metric.score(sample, transcribed("a dog barks"))
    assert (result.score, result.details["words_from"]) == (0.0, "text_prompt")
    assert "not a transcript" in result.details["note"]
    assert metric.options()["words_from"] == "text_prompt"
    corpus = metric.finish(metric.update(metric.start(), sample, transcribed("a dog barks")))
    assert corpus.details["words_from"] == "text_prompt"
    skip = metric.check(Sample.of({"audio": "c.wav", "reference_text": "x"}))
    assert skip is not None
    assert skip.field == "text_prompt"


def test_prompt_of_ovi_is_scored_by_its_speech() -> None:
    """Of a scene with <S> and <E> only the speech counts."""
    metric = Wer(words_from="text_prompt")
    sample = Sample.of({"audio": "c.wav", "text_prompt": "A man waves. <S>Hello there.<E> <AUDCAP>wind<ENDAUDCAP>"})
    result = metric.score(sample, transcribed("hello there"))
    assert result.score == 0.0
    assert result.details["stage_directions"] == ["<AUDCAP>wind<ENDAUDCAP>", "A man waves."]


# -- stage directions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "transcript"),
    [("[laughs] hello there", "hello there"), ("<sigh> hello", "hello"), ("(applause) hello", "hello"),
     ("Alice: hello\nBob: hi", "hello hi"), ("[laughs] hello", "[Laughter] hello")],
)  # fmt: skip
def test_directions_are_not_words_of_the_text(reference: str, transcript: str) -> None:
    """They are no errors, and the details say which they were."""
    result = score(reference, transcript)
    assert result.score == 0.0
    assert result.details["stage_directions"]
    assert "stage directions" in result.details["note"]


def test_directions_of_a_transcript_are_listed_apart() -> None:
    """What the recogniser noted is not what the text asked for."""
    details = score("hello", "[Music] hello").details
    assert details["transcribed_stage_directions"] == ["[Music]"]
    assert "stage_directions" not in details


@pytest.mark.parametrize("normalizer", ["fastvideo", "seed-tts", "none"])
def test_published_normalisers_leave_directions_alone(normalizer: str) -> None:
    """Their figures must compare with those of their harnesses: a tag stays a word."""
    result = score("[laughs] hello there", "hello there", options={"normalizer": normalizer})
    assert result.score == pytest.approx(1 / 3)
    assert "stage_directions" not in result.details


def test_text_of_directions_alone_has_no_words() -> None:
    """Nothing should be said: a skip, not a rate."""
    result = score("[laughs]", "")
    assert result.skip is not None
    assert result.skip.code == SkipCode.EMPTY_TEXT


def test_corpus_counts_directions() -> None:
    """Of all clips, in one number."""
    metric = Wer()
    state = metric.start()
    for text in ("[laughs] nina 5", "(applause) nina"):
        state = metric.update(
            state, Sample.of({"audio": "c", "reference_text": text, "language": "sw"}), transcribed("x")
        )
    details = metric.finish(metric.merge(state, metric.start())).details
    assert details["stage_directions"] == 2


# -- numbers -------------------------------------------------------------------------------------------------


def test_one_language_serves_both_texts_without_a_hint() -> None:
    """The script of the text decides, or of the transcript where the text has no letters."""
    assert score("5", "五").score == 0.0
    assert score("二零二四年", "2024年").score == 0.0


def test_numbers_of_a_language_without_rules_have_a_caveat() -> None:
    """As long as a text has digits and numbers are not left alone on purpose."""
    assert "Swahili" in score("nina 5", "nina tano", language="sw").details["caveats"][0]
    assert "caveats" not in score("nina tano", "nina tano", language="sw").details
    assert "caveats" not in score("nina 5", "nina 5", language="sw", options={"numbers": False}).details


def test_numbers_read_as_english_without_a_hint_have_a_caveat() -> None:
    """Where the recogniser heard another language."""
    sample = Sample.of({"audio": "c.wav", "reference_text": "tengo 5 perros"})
    result = Wer().score(sample, transcribed("tengo cinco perros", language="es"))
    assert "give `language`" in result.details["caveats"][0]
