"""What a run amounts to: failures never improve a score, and the headline says what it leaves out."""

from __future__ import annotations

import statistics

import pytest

from avmeter.result import MetricResult
from avmeter.run import EvalResults


def test_headline_says_what_was_left_out(make_run) -> None:
    """Nine of ten, and why; the reference context is not counted as given."""
    summary = make_run([0.1] * 8 + [0.3, None]).summary()
    wer = summary["metrics"]["audio.wer"]
    assert (summary["num_samples"], summary["num_references"]) == (10, 1)
    assert (wer["n_scored"], wer["n_given"], wer["skipped"]) == (9, 10, {"no_audio_track": 1})
    assert wer["note"] == "mean over 9 of 10; 1 skipped: no_audio_track"
    assert wer["mean"] == pytest.approx(1.1 / 9)
    assert wer["median"] == 0.1
    assert wer["std"] == pytest.approx(statistics.stdev([0.1] * 8 + [0.3]))
    assert wer["interval"]["low"] < wer["mean"] < wer["interval"]["high"]
    assert (wer["direction"], wer["unit"]) == ("lower", "edits per word")
    assert wer["corpus"]["score"] == 0.2
    assert wer["corpus"]["details"] == {"edits": 3}


def test_absent_result_counts_as_left_out(make_run) -> None:
    """A row without the metric is not forgotten."""
    results = make_run([0.1, 0.2])
    del results[0]["audio.wer"]
    wer = results.summary()["metrics"]["audio.wer"]
    assert wer["note"] == "mean over 1 of 2; 1 skipped: not_run"


def test_nothing_scored_has_no_numbers(make_run) -> None:
    """None, not 0 and not NaN; the note says none."""
    wer = make_run([None, None]).summary()["metrics"]["audio.wer"]
    assert [wer[k] for k in ("mean", "median", "std", "interval", "n_scored")] == [None, None, None, None, 0]
    assert wer["note"] == "none of 2 scored; 2 skipped: no_audio_track"


def test_all_scored_needs_no_note(make_run) -> None:
    """Nothing left out, nothing said."""
    assert make_run([0.1, 0.2]).summary()["metrics"]["audio.wer"]["note"] == ""


def test_one_score_has_no_spread(make_run) -> None:
    """Neither deviation nor interval."""
    wer = make_run([0.5]).summary()["metrics"]["audio.wer"]
    assert (wer["mean"], wer["std"], wer["interval"]) == (0.5, None, None)


def test_corpus_metric_names_what_it_left_out() -> None:
    """The engine's counts become the note of the headline."""
    details = {"n_given": 10, "n_used": 8, "left_out": {"silent": 2}}
    results = EvalResults([{}] * 10, {"audio.fad": MetricResult("audio.fad", 3.0, details)})
    fad = results.summary()["metrics"]["audio.fad"]
    assert fad["note"] == "score over 8 of 10; 2 skipped: silent"
    assert fad["mean"] is None


def test_skipped_corpus_metric_keeps_its_reason(make_run) -> None:
    """The code, the sentence and the hint are there."""
    corpus = make_run([0.1]).summary()["metrics"]["audio.fad"]["corpus"]
    assert (corpus["score"], corpus["skip_code"], corpus["hint"]) == (None, "too_few_samples", "give `audio=`")


def test_dummy_weights_are_marked(make_run) -> None:
    """In the summary as a whole and at the metric."""
    summary = make_run([0.1], dummy=True).summary()
    assert summary["dummy"]
    assert "dummy weights" in summary["mark"]
    assert summary["metrics"]["audio.wer"]["dummy"]
    assert not summary["metrics"]["audio.quality"]["dummy"]


def test_summary_is_the_same_twice(make_run) -> None:
    """The bootstrap is seeded."""
    results = make_run([0.1, 0.5, 0.3, 0.9])
    assert results.summary() == results.summary()


def test_caveats_stand_beside_the_numbers(make_run) -> None:
    """By code for programs, as sentences in the note; what was left out is one of them."""
    results = make_run([0.1, 0.2, None])
    results[0]["audio.wer"].details["loop_suspected"] = True
    wer = results.summary()["metrics"]["audio.wer"]
    assert [c["code"] for c in wer["caveats"]] == ["clips_left_out", "looping_transcript"]
    assert wer["note"].startswith("mean over 2 of 3; 1 skipped: no_audio_track; 1 of 2: transcript goes in circles")


def test_breakdown_is_there_where_it_was_asked_for(make_run) -> None:
    """By a field of the samples."""
    results = make_run([0.1, 0.3])
    assert "by" not in results.summary()
    results.group(by=["text_prompt"])
    assert results.summary()["by"]["text_prompt"]["a dog"]["metrics"]["audio.wer"]["mean"] == pytest.approx(0.2)
