"""Corpus scores that are ratios of sums are taken apart clip by clip, and only if the parts add up."""

from __future__ import annotations

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults, compare
from avmeter.run.corpus_terms import Terms, corpus_terms, is_mean_of_clips, ratio_of
from avmeter.sample import as_samples

RECIPE = {"numerator": ["bad"], "denominator": ["good", "bad"], "unscored": {"gone": [4, 4]}}


def run_of(score: float, **details: object) -> EvalResults:
    skip = Skip(code=SkipCode.MISSING_FILE, reason="gone")
    rows = [
        {"m.rate": MetricResult("m.rate", 0.5, {"good": 1, "bad": 1})},
        {"m.rate": MetricResult("m.rate", 0.0, {"good": 6, "bad": 0})},
        {"m.rate": MetricResult.skipped("m.rate", skip)},
    ]
    samples = as_samples([{"id": i, "audio": f"{i}.wav"} for i in ("a", "b", "gone")])
    return EvalResults(rows, {"m.rate": MetricResult("m.rate", score, dict(details))}, samples=samples)


def test_terms_of_clips_add_up_to_the_corpus_score() -> None:
    """A clip without a score counts where the metric says so."""
    terms = corpus_terms(run_of(5 / 12, ratio_of_sums=RECIPE), "m.rate")
    assert terms == {
        0: Terms(numerator=1, denominator=2),
        1: Terms(numerator=0, denominator=6),
        2: Terms(numerator=4, denominator=4),
    }
    assert ratio_of(list(terms.values())) == 5 / 12
    assert ratio_of([]) is None


def test_score_of_another_kind_has_no_terms() -> None:
    """Neither one without a recipe, nor one that the rows do not add up to, nor an absent one."""
    assert corpus_terms(run_of(5 / 12), "m.rate") is None
    assert corpus_terms(run_of(0.3, ratio_of_sums=RECIPE), "m.rate") is None
    assert corpus_terms(run_of(0.3), "m.other") is None


def test_mean_of_clips_is_a_ratio_of_sums_over_their_number() -> None:
    """Clips without a score do not count; a comparison has nothing to add to that of the means."""
    results = run_of(0.25)
    terms = corpus_terms(results, "m.rate")
    assert terms == {0: Terms(numerator=0.5, denominator=1.0), 1: Terms(numerator=0.0, denominator=1.0)}
    assert is_mean_of_clips(results, "m.rate")
    assert not is_mean_of_clips(run_of(5 / 12, ratio_of_sums=RECIPE), "m.rate")
    results.corpus["m.rate"] = MetricResult("m.rate", 0.25)
    assert compare(results, results)[0].corpus_verdict is None
