"""One metric over a run or a group: each number with the interval that is its own."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.clusters import find_clusters
from avmeter.run.metric_summary import NEEDS_OWN_RUN, Part, note_of, summarise_metric
from avmeter.sample import as_samples

RECIPE = {"numerator": ["bad"], "denominator": ["good", "bad"], "unscored": {}}


def rates_run(bad: list[int], good: list[int], **extra: list[str]) -> EvalResults:
    rows = [
        {"m.rate": MetricResult("m.rate", b / (b + g), {"bad": b, "good": g})} for b, g in zip(bad, good, strict=True)
    ]
    corpus = MetricResult("m.rate", sum(bad) / (sum(bad) + sum(good)), {"ratio_of_sums": RECIPE, "interval": [0, 1]})
    samples = as_samples([{"audio": f"{i}.wav", **{k: v[i] for k, v in extra.items()}} for i in range(len(bad))])
    return EvalResults(rows, {"m.rate": corpus}, samples=samples)


def test_interval_of_the_corpus_score_is_that_of_the_corpus_score() -> None:
    """A long clip weighs more in the rate than in the mean; neither interval is the other's."""
    results = rates_run([1] * 11 + [50], [1] * 11 + [450])
    summary = summarise_metric(results, "m.rate", Part(positions=range(12)))
    corpus = summary["corpus"]
    assert corpus["score"] == pytest.approx(61 / 522)
    assert corpus["interval"]["low"] <= corpus["score"] <= corpus["interval"]["high"]
    assert corpus["interval"]["method"] == "expanded_bca"
    assert summary["interval"]["low"] > corpus["score"]


def test_seeds_of_a_prompt_are_resampled_together() -> None:
    """Both intervals, and the summary says of what they are made."""
    rng = np.random.default_rng(0)
    bad = np.repeat(rng.integers(0, 9, 10), 8)
    results = rates_run(list(map(int, bad)), [10] * 80, text_prompt=[f"p{i // 8}" for i in range(80)])
    alone = summarise_metric(results, "m.rate", Part(positions=range(80)))
    together = summarise_metric(results, "m.rate", Part(positions=range(80), clusters=find_clusters(results.samples)))
    assert (alone["clusters"], together["clusters"]) == (None, "10 by text_prompt")
    assert together["interval"]["num_clusters"] == together["corpus"]["interval"]["num_clusters"] == 10
    for narrow, wide in ((alone, together), (alone["corpus"], together["corpus"])):
        widths = [s["interval"]["high"] - s["interval"]["low"] for s in (narrow, wide)]
        assert widths[1] > 2 * widths[0]


def test_group_has_a_corpus_score_of_its_own_where_it_is_a_ratio_of_sums() -> None:
    """Any other needs a run of its own, and says so."""
    results = rates_run([1, 3, 0, 0], [1, 1, 2, 2])
    group = summarise_metric(results, "m.rate", Part(positions=[0, 1], is_whole=False))
    assert group["corpus"]["score"] == pytest.approx(4 / 6)
    results.corpus["m.fad"] = MetricResult("m.fad", 3.0)
    fad = summarise_metric(results, "m.fad", Part(positions=[0, 1], is_whole=False))
    assert (fad["corpus"]["score"], fad["corpus"]["reason"]) == (None, NEEDS_OWN_RUN)
    assert fad["n_given"] is None


def test_interval_that_a_metric_finds_itself_is_passed_on() -> None:
    """But not where clips belong together, of which the metric knows nothing."""
    samples = as_samples([{"audio": f"{i}.wav", "text_prompt": f"p{i // 2}"} for i in range(4)])
    results = EvalResults([{}] * 4, {"m.kad": MetricResult("m.kad", 1.0, {"interval": [0.5, 1.5]})}, samples=samples)
    alone = summarise_metric(results, "m.kad", Part(positions=range(4)))["corpus"]["interval"]
    assert (alone["low"], alone["high"], alone["method"]) == (0.5, 1.5, "metric")
    clustered = Part(positions=range(4), clusters=find_clusters(samples))
    assert summarise_metric(results, "m.kad", clustered)["corpus"]["interval"] is None


def test_note_counts_what_was_left_out_by_code() -> None:
    """One code alone needs no number of its own."""
    assert note_of(3, 3, {}) == ""
    assert note_of(1, 3, {"silent": 2}) == "mean over 1 of 3; 2 skipped: silent"
    assert note_of(0, 3, {"silent": 2, "failed": 1}) == "none of 3 scored; 3 skipped: 2 silent, 1 failed"


def test_interval_ends_where_the_scale_ends() -> None:
    """Few clips allow any mean, but none that the metric cannot have; a metric of no known scale is left alone."""
    rows = [{"m.mos": MetricResult("m.mos", score)} for score in (1.1, 4.9)]
    samples = as_samples([{"audio": f"{i}.wav"} for i in range(2)])
    facts = {"metrics": {"m.mos": {"range": [1.0, 5.0]}}}
    bounded = summarise_metric(
        EvalResults(rows, {}, samples=samples, provenance=facts), "m.mos", Part(positions=(0, 1))
    )
    free = summarise_metric(EvalResults(rows, {}, samples=samples), "m.mos", Part(positions=(0, 1)))
    assert (bounded["interval"]["low"], bounded["interval"]["high"]) == (1.0, 5.0)
    assert free["interval"]["low"] < 1.0 < 5.0 < free["interval"]["high"]


@pytest.mark.parametrize("ends", [["x", None], [float("nan"), 1.0], [1.0], 5])
def test_interval_that_is_none_is_left_out(ends: object) -> None:
    """Of a metric that calls something else so: no table could print it."""
    results = EvalResults([{"m.a": MetricResult("m.a", 1.0)}], {"m.a": MetricResult("m.a", 2.0, {"interval": ends})})
    assert summarise_metric(results, "m.a", Part(positions=range(1)))["corpus"]["interval"] is None
