"""Two runs over the same clips: paired by id, judged by direction and interval."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, compare


def by_metric(found: list) -> dict:
    return {c.metric: c for c in found}


def test_clear_difference_is_judged_by_direction(tmp_path: Path, make_run) -> None:
    """Lower WER is better; the other metric, where higher is better, agrees."""
    a = make_run([0.5, 0.6, 0.7, 0.8])
    b = make_run([0.3, 0.41, 0.5, 0.62])
    found = by_metric(compare(a.write(tmp_path / "a"), b.write(tmp_path / "b")))
    wer = found["audio.wer"]
    assert wer.verdict == "better"
    assert wer.difference == pytest.approx(-0.1925)
    assert wer.interval.high < 0
    assert (wer.num_paired, wer.num_only_a, wer.num_only_b) == (4, 0, 0)
    assert found["audio.quality"].verdict == "better"
    assert by_metric(compare(b, a))["audio.wer"].verdict == "worse"


def test_run_against_itself_shows_no_difference(make_run) -> None:
    """Zero is not a difference."""
    run = make_run([0.1, 0.2, 0.3])
    wer = by_metric(compare(run, run))["audio.wer"]
    assert (wer.difference, wer.verdict) == (0.0, "no clear difference")


def test_samples_are_paired_by_id_and_not_by_position(make_run) -> None:
    """Scores of other clips take no part, and are counted."""
    a, b = make_run([0.9, 0.2, 0.3]), make_run([0.2, 0.3, None], offset=1)
    wer = by_metric(compare(a, b))["audio.wer"]
    assert (wer.num_paired, wer.num_only_a, wer.num_only_b) == (2, 1, 0)
    assert wer.difference == 0.0
    assert any("1 samples scored in A alone" in n for n in wer.notes)


def test_one_pair_is_too_few(make_run) -> None:
    """A difference without an interval is no verdict."""
    wer = by_metric(compare(make_run([0.1]), make_run([0.9])))["audio.wer"]
    assert (wer.difference, wer.interval, wer.verdict) == (0.8, None, "too few samples")


def test_unknown_direction_is_not_called_better() -> None:
    """Higher, and nothing more."""
    a = EvalResults([{"m.x": MetricResult("m.x", float(i))} for i in range(4)])
    b = EvalResults([{"m.x": MetricResult("m.x", i + 1.0)} for i in range(4)])
    assert compare(a, b)[0].verdict == "higher"


def test_corpus_metric_has_a_difference_but_no_interval() -> None:
    """One number per run has no spread."""
    a = EvalResults([{}], {"m.fad": MetricResult("m.fad", 3.0)})
    b = EvalResults([{}], {"m.fad": MetricResult("m.fad", 2.0)})
    (fad,) = compare(a, b)
    assert (fad.difference, fad.verdict, fad.corpus_a, fad.corpus_b) == (-1.0, "no interval", 3.0, 2.0)


def test_different_options_and_weights_are_pointed_out(make_run) -> None:
    """What was measured differently is said; with other options no run is called the better one."""
    a, b = make_run([0.1, 0.2]), make_run([0.5, 0.7])
    metrics = {**b.provenance["metrics"]}
    metrics["audio.wer"] = {**metrics["audio.wer"], "options": {"protocol": "av-benchmark"}}
    b.provenance |= {"metrics": metrics, "weights": {"whisper-base": "def"}}
    wer, quality = (by_metric(compare(a, b))[n] for n in ("audio.wer", "audio.quality"))
    assert "different options: protocol fastvideo / av-benchmark" in wer.notes
    assert "different weights: whisper-base" in wer.notes
    assert (wer.verdict, quality.verdict) == ("not comparable", "worse")


def test_dummy_scores_are_marked(make_run) -> None:
    """On either side."""
    assert by_metric(compare(make_run([0.1]), make_run([0.1], dummy=True)))["audio.wer"].dummy


def test_nothing_in_common_is_refused(make_run) -> None:
    """Neither metrics nor samples."""
    other = EvalResults([{"m.x": MetricResult("m.x", 1.0)}])
    with pytest.raises(UsageError, match="no metric is in both runs"):
        compare(make_run([0.1]), other)
    a, b = make_run([0.1]), make_run([0.1], offset=5)
    a.corpus.clear()
    with pytest.raises(UsageError, match=r"c0\.wav.*c5\.wav"):
        compare(a, b)
