"""The metric over transcripts that are given, and its corpus over samples whose clips failed."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from avmeter.engine.executors.corpus import finish_states, merge_states, start_states
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.audio.wer import Wer
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.run.corpus_terms import corpus_terms, ratio_of
from avmeter.sample import Sample
from support.transcripts import transcribed


def sample(text: str | None, *, clip: str = "c.wav", **more: Any) -> Sample:
    return Sample.of({"audio": clip, "reference_text": text, "id": clip, **more})


def score(reference: str, text: str, *, options: dict[str, Any] | None = None, **more: Any) -> MetricResult:
    return Wer(**(options or {})).score(sample(reference, **more), transcribed(text))


def corpus(*clips: tuple[Sample, FeatureSet | Skip], split: int = 0, **options: Any) -> MetricResult:
    """The corpus result as the engine makes it, of one chunk or of two."""
    metrics = {"audio.wer": Wer(**options)}
    merged = start_states(metrics)
    for part in (clips[:split], clips[split:]):
        states = start_states(metrics)
        for given, gathered in part:
            state = states["audio.wer"]
            if isinstance(gathered, Skip):
                state.leave_out(metrics["audio.wer"], given, gathered)
            else:
                state.add(metrics["audio.wer"], given, gathered)
        merged = merge_states(metrics, merged, pickle.loads(pickle.dumps(states)))  # noqa: S301 - made here
    return finish_states(metrics, merged)["audio.wer"]


def gone(code: SkipCode = SkipCode.MISSING_FILE) -> Skip:
    return Skip(code=code, reason="c.wav: gone")


# -- one clip ------------------------------------------------------------------------------------------------


def test_words_are_counted_by_kind() -> None:
    """One substitution, one deletion and one insertion over five words make 3/5."""
    result = score("the dog barks loudly tonight", "a dog loudly tonight now")
    assert result.score == pytest.approx(0.6)
    assert {k: result.details[k] for k in ("hits", "substitutions", "deletions", "insertions")} == {
        "hits": 3, "substitutions": 1, "deletions": 1, "insertions": 1,
    }  # fmt: skip
    assert result.details["diff"][0] == ["substitute", "the", "a"]


def test_character_error_rate_counts_a_letter_with_its_marks_once() -> None:
    """A vowel sign belongs to its consonant: one of three characters is wrong, not one of five code points."""
    result = score("कि खा गा", "की खा गा", language="hi")
    assert result.details["cer"] == pytest.approx(1 / 3)


def test_transcript_does_not_choose_its_own_units() -> None:
    """An English text taken for Chinese stays at word level: 3 of 3 words wrong and the rest inserted."""
    result = score("one two three", "一二三四五六七八九十")
    assert result.details["char_level"] is False
    assert result.score == 1.0


def test_units_of_an_empty_reference_come_from_the_transcript() -> None:
    """With nothing wanted, unwanted Chinese is counted by character."""
    result = score("", "你好")
    assert result.score is None
    assert result.skip is not None
    assert result.skip.code == SkipCode.EMPTY_TEXT
    assert result.details["insertions"] == 2
    assert result.details["speech_where_none_was_wanted"] is True


def test_silence_is_one_deletion_a_word() -> None:
    assert score("three small words", "").score == 1.0


def test_transcript_of_punctuation_alone_is_empty() -> None:
    result = score("hello there", "... ♪ !")
    assert (result.score, result.details["deletions"]) == (1.0, 2)


def test_dialogue_is_scored_without_its_speakers() -> None:
    """Names of speakers are not spoken."""
    given = sample([{"speaker": "Ann", "text": "Hello."}, {"speaker": "Bob", "text": "Hi!"}])  # type: ignore[arg-type]
    assert Wer().score(given, transcribed("hello hi")).score == 0.0


@pytest.mark.parametrize(("normalizer", "stated"), [("magihuman", True), ("seed-tts", False), ("none", False)])
def test_numbers_are_stated_only_where_they_mean_something(normalizer: str, stated: bool) -> None:
    """A normaliser that always does the same with numbers has no such option in its results."""
    metric = Wer(normalizer=normalizer)
    assert ("numbers" in metric.options()) is stated
    assert ("numbers" in metric.score(sample("fifty"), transcribed("50")).details) is stated


def test_numbers_can_be_left_as_they_are() -> None:
    assert score("fifty turns", "50 turns").score == 0.0
    assert score("fifty turns", "50 turns", options={"numbers": False}).score == 0.5


def test_caveats_of_the_normaliser_stand_in_the_details(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a normaliser leaves undone on this machine is told with every score."""
    import dataclasses

    from avmeter.metrics import transcript_metric
    from avmeter.text.normalise import NORMALISERS

    limping = dataclasses.replace(NORMALISERS["none"], caveats=lambda: ("spellings are kept",))
    monkeypatch.setattr(transcript_metric, "NORMALISERS", {**NORMALISERS, "none": limping})
    assert score("a", "a", options={"normalizer": "none"}).details["caveats"] == ["spellings are kept"]
    assert "caveats" not in score("a", "a").details


# -- loops ---------------------------------------------------------------------------------------------------


def test_transcript_in_circles_is_flagged() -> None:
    result = score("thank you for coming", "thank you so much " * 8)
    assert result.details["loop_suspected"] is True
    assert result.details["repeated_ngram_share"] > 0.8


def test_repeated_text_may_be_repeated() -> None:
    """Speech that was meant to repeat itself is no loop, whatever its compression ratio."""
    text = "row row row your boat " * 10
    assert Wer().score(sample(text), transcribed(text, ratio=6.0)).details["loop_suspected"] is False


def test_ordinary_speech_is_no_loop() -> None:
    assert score("a b c d e f", "a b c d e f").details["loop_suspected"] is False


# -- two recognisers -----------------------------------------------------------------------------------------


def test_disagreement_of_two_recognisers() -> None:
    """Edits between both transcripts over the longer one: 1 of 4."""
    metric = Wer(second_backend="sensevoice")
    result = metric.score(sample("one two three"), transcribed("one two three", second="one two tree four"))
    assert result.details["disagreement"] == pytest.approx(0.5)
    assert result.details["second_wer"] == pytest.approx(2 / 3)
    assert (
        corpus((sample("x"), transcribed("x", second="y")), second_backend="whisper").details["mean_disagreement"]
        == 1.0
    )


def test_second_recogniser_may_be_absent() -> None:
    """Its absence is told, and changes nothing else."""
    features = transcribed("one")
    features.skips["second"] = gone(SkipCode.WEIGHTS_UNAVAILABLE)
    result = Wer(second_backend="sensevoice").score(sample("one"), features)
    assert result.score == 0.0
    assert result.details["second_skipped"] == "c.wav: gone"


# -- options -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"asr_backend": "whisperr"}, UnknownNameError),
        ({"asr_backend": "sensevoice", "engine": "transformers"}, UnknownNameError),
        ({"normalizer": "nothing"}, UnknownNameError),
        ({"missing": "ignore"}, UnknownNameError),
        ({"words_from": "prompt"}, UnknownNameError),
        ({"instruction": "Write down."}, UsageError),
        ({"second_model_name": "small"}, UsageError),
    ],
)
def test_option_that_does_not_exist_is_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Wer(**options)


@pytest.mark.parametrize(
    ("options", "extractor", "takes_language"),
    [
        ({}, "whisper", True),
        ({"engine": "transformers"}, "whisper_transformers", True),
        ({"asr_backend": "glm_asr"}, "glm_asr", False),
        ({"asr_backend": "sensevoice"}, "sensevoice", True),
    ],
)
def test_backend_and_engine_choose_the_extractor(options: dict[str, Any], extractor: str, takes_language: bool) -> None:
    (need,) = Wer(**options).needs
    assert need.extractor == extractor
    assert bool(need.options_from) is takes_language


def test_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """SenseVoice without sherpa-onnx: what lacks, and the command that installs it."""
    import importlib.util

    from avmeter.errors import MissingDependencyError

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "sherpa_onnx" else find_spec(n, *a))
    with pytest.raises(MissingDependencyError, match="sherpa_onnx") as caught:
        get_metric("audio.wer", asr_backend="sensevoice")
    assert "avmeter[sensevoice]" in caught.value.hint


# -- the corpus ----------------------------------------------------------------------------------------------


def test_corpus_rate_weighs_words_and_the_mean_weighs_clips() -> None:
    """A one-word clip wrong and a nine-word clip right: 1 of 10 words, half of the clips."""
    nine = "a b c d e f g h i"
    result = corpus((sample("x"), transcribed("y")), (sample(nine, clip="d.wav"), transcribed(nine)))
    assert (result.score, result.details["macro_wer"]) == (0.1, 0.5)
    low, high = result.details["interval"]
    assert low <= 0.1 <= high


def test_absent_clip_counts_as_deletions() -> None:
    """A clip that does not exist said none of its nine words; the rate of the others stands beside it."""
    clips = ((sample("x"), transcribed("x")), (sample("a b c d e f g h i", clip="gone.wav"), gone()))
    result = corpus(*clips)
    assert result.score == 0.9
    assert result.details["wer_scored_only"] == 0.0
    assert (result.details["num_missing"], result.details["missing_words"]) == (1, 9)
    assert (result.details["n_given"], result.details["n_used"]) == (2, 1)
    assert result.details["left_out"] == {"missing_file": 1}
    assert result.details["worst"][0]["id"] == "gone.wav"
    assert result.details["worst"][0]["missing"] == "missing_file"


def test_failing_never_improves_the_rate() -> None:
    """Whatever a clip's transcript would have been without insertions, losing the clip is no better."""
    text, other = "a b c d", (sample("x y"), transcribed("x z"))
    for transcript in ("", "a b", "a x c d", "a b c d"):
        with_clip = corpus((sample(text), transcribed(transcript)), other).score
        without = corpus((sample(text), gone()), other).score
        assert with_clip is not None
        assert without is not None
        assert without >= with_clip


def test_absent_clips_can_be_left_out() -> None:
    result = corpus((sample("x"), transcribed("x")), (sample("a b", clip="gone.wav"), gone()), missing="leave_out")
    assert result.score == 0.0
    assert result.details["missing"] == "leave_out"
    assert result.details["num_missing"] == 1
    assert result.details["worst"] == []


@pytest.mark.parametrize("code", [SkipCode.WEIGHTS_UNAVAILABLE, SkipCode.OUT_OF_MEMORY, SkipCode.WORKER_DIED])
def test_what_the_run_could_not_do_is_not_charged_to_the_clip(code: SkipCode) -> None:
    result = corpus((sample("x"), transcribed("x")), (sample("a b", clip="d.wav"), gone(code)))
    assert result.score == 0.0
    assert result.details["num_missing"] == 0
    assert result.details["left_out"] == {str(code): 1}


def test_absent_clip_without_a_text_changes_nothing() -> None:
    """No words were wanted of it, so none are missing."""
    result = corpus(
        (sample("x"), transcribed("x")), (Sample.of({"audio": "gone.wav"}), gone()), (sample("...", clip="e"), gone())
    )
    assert (result.score, result.details["num_missing"]) == (0.0, 0)


def test_corpus_of_absent_clips_alone_has_no_rate() -> None:
    """Nothing was transcribed at all: a wrong folder, not a bad model."""
    result = corpus((sample("a b"), gone()), (sample("c", clip="d.wav"), gone()))
    assert result.score is None
    assert result.skip is not None
    assert "2 gave no sound" in result.skip.reason


def test_unwanted_speech_is_counted_apart() -> None:
    """("", "thank you") beside a perfect clip leaves the rate at 0."""
    result = corpus((sample(""), transcribed("thank you")), (sample("a b c d", clip="d.wav"), transcribed("a b c d")))
    assert result.score == 0.0
    assert result.details["speech_where_none_was_wanted"] == 1
    assert result.details["words_where_none_were_wanted"] == 2


def test_languages_are_told_apart() -> None:
    """Hints of one language in two spellings are one row; without a hint the detected language counts."""
    result = corpus(
        (sample("你好", language="zh-CN"), transcribed("你好")),
        (sample("你们", clip="2", language="Chinese"), transcribed("你好")),
        (sample("hallo welt", clip="3"), transcribed("hallo", language="de")),
    )
    assert result.details["by_language"] == {
        "de": {"wer": 0.5, "words": 2, "num_clips": 1},
        "zh": {"wer": 0.25, "words": 4, "num_clips": 2},
    }


def test_worst_clips_come_first_with_their_diff() -> None:
    """Ten of them at most, by rate, without those that have no error."""
    clips = [(sample("a b c d", clip=f"{i:02}"), transcribed(" ".join("abcd"[: i % 5]))) for i in range(15)]
    worst = corpus(*clips).details["worst"]
    assert [w["id"] for w in worst[:4]] == ["00", "05", "10", "01"]
    assert len(worst) == 10
    assert worst[0]["diff"][0] == ["delete", "a", None]


def test_corpus_does_not_depend_on_how_it_was_split() -> None:
    """Two chunks merged say what one chunk says, to the last bit."""
    clips = [(sample("a b c d e", clip=str(i)), transcribed("a x c"[: i % 6])) for i in range(7)]
    clips.append((sample("gone", clip="g"), gone()))  # type: ignore[arg-type]
    whole = corpus(*clips)
    for split in (1, 4, 8):
        assert corpus(*clips, split=split) == whole


def test_failure_in_the_hook_becomes_the_result_of_the_metric() -> None:
    """A metric that cannot count a missing clip fails by name; the run goes on."""

    class Broken(Wer):
        def left_out(self, state: Any, sample: Sample, skip: Skip) -> Any:
            raise RuntimeError("no idea")

    metrics = {"audio.wer": Broken()}
    states = start_states(metrics)
    states["audio.wer"].leave_out(metrics["audio.wer"], sample("a"), gone())
    result = finish_states(metrics, states)["audio.wer"]
    assert result.score is None
    assert result.skip is not None
    assert "no idea" in result.skip.reason


def test_empty_reference_is_no_clip_of_the_corpus() -> None:
    with pytest.raises(SkipError):
        Wer().update(Wer().start(), sample(""), transcribed("thank you"))


@pytest.mark.parametrize("missing", ["deletions", "leave_out"])
def test_corpus_rate_can_be_computed_again_from_the_rows(missing: str) -> None:
    """Over a group or a resample of clips; one without sound counts as it did."""
    texts = [("a b c", "a x c"), ("d e", "d e f"), ("g h i j", "")]
    rows = [
        score(reference, text, options={"missing": missing}, clip=f"{i}") for i, (reference, text) in enumerate(texts)
    ]
    gone = Skip(code=SkipCode.MISSING_FILE, reason="gone")
    clips = [(sample(reference, clip=f"{i}"), transcribed(text)) for i, (reference, text) in enumerate(texts)]
    whole = corpus(*clips, (sample("k l", clip="gone"), gone), missing=missing)
    samples = [s for s, _ in clips] + [sample("k l", clip="gone")]
    results = EvalResults(
        [*({"audio.wer": r} for r in rows), {"audio.wer": MetricResult.skipped("audio.wer", gone)}],
        {"audio.wer": whole},
        samples=samples,
    )
    terms = corpus_terms(results, "audio.wer")
    assert terms is not None
    assert (3 in terms) == (missing == "deletions")
    assert ratio_of(list(terms.values())) == pytest.approx(whole.score)
