"""Two runs over the same clips: paired by id, judged by direction and interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, compare
from avmeter.sample import as_samples


def by_metric(found: list) -> dict:
    return {c.metric: c for c in found}


def test_clear_difference_is_judged_by_direction(tmp_path: Path, make_run) -> None:
    """Lower WER is better; the other metric, where higher is better, agrees."""
    a = make_run([0.5, 0.6, 0.7, 0.8, 0.5, 0.6, 0.7])
    b = make_run([0.3, 0.41, 0.5, 0.62, 0.3, 0.41, 0.5])
    found = by_metric(compare(a.write(tmp_path / "a"), b.write(tmp_path / "b")))
    wer = found["audio.wer"]
    assert wer.verdict == "better"
    assert wer.difference == pytest.approx(-0.194286, abs=1e-6)
    assert wer.interval.high < 0
    assert (wer.num_paired, wer.num_only_a, wer.num_only_b) == (7, 0, 0)
    assert found["audio.quality"].verdict == "better"
    assert by_metric(compare(b, a))["audio.wer"].verdict == "worse"


def test_run_against_itself_shows_no_difference(make_run) -> None:
    """Zero is not a difference."""
    run = make_run([0.1, 0.2, 0.3] * 3)
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
    assert (wer.difference, wer.interval, wer.verdict) == (0.8, None, "too few pairs")


def test_unknown_direction_is_not_called_better() -> None:
    """Higher, and nothing more."""
    a = EvalResults([{"m.x": MetricResult("m.x", float(i))} for i in range(6)])
    b = EvalResults([{"m.x": MetricResult("m.x", i + 1.0)} for i in range(6)])
    assert compare(a, b)[0].verdict == "higher"


def test_corpus_metric_has_a_difference_but_no_interval() -> None:
    """One number per run has no spread."""
    a = EvalResults([{}], {"m.fad": MetricResult("m.fad", 3.0)})
    b = EvalResults([{}], {"m.fad": MetricResult("m.fad", 2.0)})
    (fad,) = compare(a, b)
    assert (fad.difference, fad.verdict, fad.corpus_a, fad.corpus_b) == (-1.0, "no interval", 3.0, 2.0)
    assert not fad.is_judged
    assert any("what each clip adds" in n for n in fad.notes)


def test_two_pairs_are_no_verdict(make_run) -> None:
    """Two differences of one sign come by chance every other time: Student's interval of one degree says so."""
    a, b = make_run([0.50, 0.60]), make_run([0.52, 0.61])
    wer = by_metric(compare(a, b))["audio.wer"]
    assert (wer.verdict, wer.is_judged, wer.interval.method) == ("too few pairs", False, "t")
    assert wer.interval.low == pytest.approx(0.015 - 0.0635, abs=1e-3)
    assert any("2 pairs: a verdict needs 6" in note for note in wer.notes)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_too_few_equal_differences_are_no_verdict_either(make_run, count: int) -> None:
    """Ties have no width, which is no certainty."""
    wer = by_metric(compare(make_run([0.5] * count), make_run([0.25] * count)))["audio.wer"]
    assert (wer.verdict, wer.interval) == ("too few pairs", None)


@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_cauchy"])
def test_equal_systems_are_seldom_told_apart(draw: str) -> None:
    """Better and worse together stay near 5% for ten pairs."""
    rng = np.random.default_rng(0)

    def run() -> EvalResults:
        return EvalResults([{"m.x": MetricResult("m.x", float(v))} for v in getattr(rng, draw)(size=10)])

    verdicts = [compare(run(), run())[0].verdict for _ in range(300)]
    assert 0.02 < 1 - verdicts.count("no clear difference") / 300 < 0.08


def seeded_run(rng: np.random.Generator, **column: str) -> EvalResults:
    """Eight seeds of each of ten prompts."""
    scores = np.repeat(rng.standard_normal(10), 8) + 0.1 * rng.standard_normal(80)
    samples = as_samples([{"id": f"{i}", "audio": "a.wav", "text_prompt": f"p{i // 8}", **column} for i in range(80)])
    return EvalResults([{"m.x": MetricResult("m.x", float(s))} for s in scores], samples=samples)


def test_seeds_of_one_prompt_count_once() -> None:
    """Eighty clips of ten prompts are ten pairs, and the result says so; "id" takes them one by one."""
    rng = np.random.default_rng(0)
    found = [compare(seeded_run(rng), seeded_run(rng))[0] for _ in range(100)]
    assert {c.clusters for c in found} == {"10 by text_prompt"}
    assert sum(c.verdict != "no clear difference" for c in found) < 12
    by_clip = [compare(seeded_run(rng), seeded_run(rng), cluster="id")[0] for _ in range(100)]
    assert sum(c.verdict != "no clear difference" for c in by_clip) > 25


def test_cluster_of_the_users_choice() -> None:
    """One speaker in all clips is one pair; an unknown column is refused."""
    rng = np.random.default_rng(0)
    a, b = seeded_run(rng, speaker="eva"), seeded_run(rng, speaker="eva")
    (found,) = compare(a, b, cluster="speaker")
    assert (found.clusters, found.verdict) == ("1 by speaker", "too few pairs")
    assert any("which count as 1 by speaker (--cluster id: each by itself)" in note for note in found.notes)
    with pytest.raises(UnknownNameError, match="speakr"):
        compare(a, b, cluster="speakr")


def test_cluster_that_a_run_was_scored_with_is_the_default() -> None:
    """What its summary resampled together is flipped together."""
    rng = np.random.default_rng(0)
    a, b = seeded_run(rng, speaker="eva"), seeded_run(rng)
    a.group(cluster="speaker")
    assert compare(a, b)[0].clusters == "1 by speaker"
    assert compare(a, b, cluster="text_prompt")[0].clusters == "10 by text_prompt"


def words_run(edits: list[int], words: list[int]) -> EvalResults:
    rows = [{"audio.wer": MetricResult("audio.wer", e / w, {"substitutions": e, "deletions": 0, "insertions": 0,
                                                            "hits": w - e})}
            for e, w in zip(edits, words, strict=True)]  # fmt: skip
    recipe = {"numerator": ["substitutions", "insertions"], "denominator": ["hits", "substitutions"], "unscored": {}}
    corpus = MetricResult("audio.wer", sum(edits) / sum(words), {"ratio_of_sums": recipe})
    return EvalResults(rows, {"audio.wer": corpus}, provenance={"metrics": {"audio.wer": {"direction": "lower"}}})


def test_corpus_score_is_compared_as_a_corpus_score() -> None:
    """Short texts got worse and the long one better: the mean over clips rises, the rate over all words falls."""
    words = [2] * 7 + [100] * 7
    a, b = words_run([0] * 7 + [40] * 7, words), words_run([1] * 7 + [10] * 7, words)
    (wer,) = compare(a, b)
    assert wer.verdict == "no clear difference"
    assert wer.difference > 0
    assert (wer.corpus_verdict, wer.corpus_difference) == ("better", pytest.approx(-203 / 714))
    assert wer.corpus_interval.low < -203 / 714 < wer.corpus_interval.high < 0


def test_corpus_score_of_other_reference_texts_takes_no_part() -> None:
    """Words of the same clip that differ in number are other words."""
    (wer,) = compare(words_run([1] * 8, [10] * 8), words_run([2] * 8, [10] * 7 + [11]))
    assert any("1 samples have other reference texts" in n for n in wer.notes)
    assert (wer.corpus_a, wer.corpus_b, wer.corpus_verdict) == (0.1, 0.2, "worse")


def test_different_options_and_weights_are_pointed_out(make_run) -> None:
    """What was measured differently is said; with other options no run is called the better one."""
    a, b = make_run([0.1, 0.2] * 4), make_run([0.5, 0.7] * 4)
    metrics = {**b.provenance["metrics"]}
    metrics["audio.wer"] = {**metrics["audio.wer"], "options": {"protocol": "av-benchmark"}}
    b.provenance |= {"metrics": metrics, "weights": {"whisper-base": "def"}}
    wer, quality = (by_metric(compare(a, b))[n] for n in ("audio.wer", "audio.quality"))
    assert "different options: protocol fastvideo / av-benchmark" in wer.notes
    assert "different weights: whisper-base" in wer.notes
    assert (wer.verdict, quality.verdict) == ("not comparable", "worse")


def test_scores_of_other_weights_do_not_compare(make_run) -> None:
    """Of a checkpoint of the metric, by name; what other metrics loaded says nothing of it."""
    a, b = make_run([0.1, 0.2] * 4), make_run([0.5, 0.7] * 4)
    metrics = {name: {**facts, "checkpoints": []} for name, facts in a.provenance["metrics"].items()}
    metrics["audio.wer"]["checkpoints"] = ["whisper-base"]
    a.provenance = {**a.provenance, "metrics": metrics}
    b.provenance = {**a.provenance, "weights": {"whisper-base": "def"}}
    wer, quality = (by_metric(compare(a, b))[n] for n in ("audio.wer", "audio.quality"))
    assert wer.verdict == "not comparable"
    assert wer.notes.count("different weights: whisper-base") == 1
    assert quality.verdict == "worse"
    assert not any("different weights" in note for note in quality.notes)


def test_stand_in_weights_do_not_compare_with_real_ones(make_run) -> None:
    """Neither system is better; two runs of stand-ins differ as they do, which tries a comparison out."""
    real, dummy = make_run([0.5, 0.7] * 4), make_run([0.1, 0.2] * 4, dummy=True)
    wer, quality = (by_metric(compare(real, dummy))[n] for n in ("audio.wer", "audio.quality"))
    assert (wer.verdict, quality.verdict) == ("not comparable", "better")
    assert "stand-in weights in B alone" in wer.notes
    assert by_metric(compare(dummy, dummy))["audio.wer"].verdict == "no clear difference"


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


def test_caveats_of_both_runs_are_said(make_run) -> None:
    """With the name of the run; what both have is said once."""
    a, b = make_run([0.1] * 8), make_run([0.1] * 8)
    a[0]["audio.wer"].details["loop_suspected"] = True
    for run in (a, b):
        run[1]["audio.wer"].details["header_mismatch"] = "4 s, 2 s"
    notes = by_metric(compare(a, b))["audio.wer"].notes
    assert sum("another duration" in n for n in notes) == 1
    assert any(n.startswith("A: 1 of 8: transcript goes in circles") for n in notes)
