"""A table of scores that knows its samples, roles and facts."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode, UsageError
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.run.score_table import UNNAMED_SKIP, record_of, scored, skip_code, skip_reason
from avmeter.sample import as_samples


def test_results_of_the_other_package_are_understood() -> None:
    """EvalResults(samples=[dicts], corpus={...}) is a list of those dicts."""
    row = {"m.x": MetricResult("m.x", 1.0)}
    results = EvalResults(samples=[row, {}], corpus={"m.y": MetricResult("m.y", 2.0)})
    assert results[0]["m.x"].score == 1.0
    assert results.corpus["m.y"].score == 2.0
    assert results.sample_ids == ["0", "1"]
    assert EvalResults() == []


def test_rows_and_samples_must_fit() -> None:
    """A shift between scores and names would go unnoticed."""
    with pytest.raises(UsageError, match="1 rows of results for 2 samples"):
        EvalResults([{}], samples=as_samples([{"audio": "a.wav"}, {"audio": "b.wav"}]))


def test_reference_context_is_no_scored_position(make_run) -> None:
    """Clips that only widen the reference have a row and no score."""
    results = make_run([0.1, None])
    assert results.sample_ids == ["c0.wav", "c1.wav", "reference:r.wav"]
    assert results.scored_positions == [0, 1]
    assert EvalResults([{}, {}]).scored_positions == [0, 1]


def test_metrics_are_named_in_their_order_with_those_of_the_corpus_last(make_run) -> None:
    """Each name once."""
    assert make_run([0.1, 0.2]).metric_names == ["audio.wer", "audio.quality", "audio.fad"]


def test_rows_name_sample_and_metric(make_run) -> None:
    """One flat dict for each result, absent scores with their reason."""
    rows = make_run([0.1, None]).to_rows()
    assert [(r["sample_id"], r["metric"], r["score"]) for r in rows] == [
        ("c0.wav", "audio.wer", 0.1),
        ("c0.wav", "audio.quality", 0.9),
        ("c1.wav", "audio.wer", None),
        ("c1.wav", "audio.quality", None),
    ]
    assert (rows[2]["skip_code"], rows[2]["reason"]) == ("no_audio_track", "clip: no audio track")


def test_absent_score_has_a_code_and_a_reason() -> None:
    """Of the skip; a result of somebody else's metric without one is named as such."""
    result = MetricResult.skipped("m.x", Skip(code=SkipCode.SILENT, reason="a.wav: silent", hint=""))
    assert (skip_code(result), skip_reason(result)) == ("silent", "a.wav: silent")
    unnamed = MetricResult("m.x", None, {"skipped": "too short for me"})
    assert (skip_code(unnamed), skip_reason(unnamed)) == (UNNAMED_SKIP, "too short for me")
    assert skip_reason(MetricResult("m.x", None)) == "no reason given"
    assert record_of(MetricResult("m.x", 0.0))["skip_code"] is None


def test_zero_is_a_score() -> None:
    """Only None is absent."""
    assert scored([MetricResult("m.x", 0.0), MetricResult("m.x", None), None]) == [0.0]


def test_one_dummy_score_marks_the_table() -> None:
    """In a row or in the corpus."""
    real, dummy = MetricResult("m.x", 1.0), MetricResult("m.y", 1.0).marked_dummy()
    assert not EvalResults([{"m.x": real}]).is_dummy
    assert EvalResults([{"m.x": real, "m.y": dummy}]).is_dummy
    assert EvalResults([{"m.x": real}], {"m.y": dummy}).is_dummy


def test_unknown_facts_are_none(make_run) -> None:
    """Of a metric that the provenance does not know, and of a provenance of another shape."""
    results = make_run([0.1])
    assert results.fact("audio.wer", "direction") == "lower"
    assert results.fact("audio.unknown", "direction") is None
    assert EvalResults([{}], provenance={"metrics": []}).fact("audio.wer", "unit") is None
