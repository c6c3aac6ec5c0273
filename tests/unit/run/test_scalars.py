"""Flat numbers for trackers."""

from __future__ import annotations

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.run.scalars import scalars

SILENT = Skip(code=SkipCode.SILENT, reason="silent")


def test_means_corpora_and_counts_have_names_of_their_own() -> None:
    """Under the prefix; a mean says over how many it is."""
    rows = [
        {"m": MetricResult("m", 1.0)},
        {"m": MetricResult("m", 2.0)},
        {"m": MetricResult.skipped("m", SILENT)},
    ]
    corpus = {"m": MetricResult("m", 1.4), "c": MetricResult.skipped("c", SILENT)}
    results = EvalResults(rows, corpus)
    assert scalars(results, "val/") == {
        "val/m/mean": 1.5,
        "val/m/scored": 2.0,
        "val/m/skipped": 1.0,
        "val/m/skipped/silent": 1.0,
        "val/m/corpus": 1.4,
        "val/m/corpus/skipped": 0.0,
        "val/c/corpus/skipped": 1.0,
    }
    assert results.scalars("val/") == scalars(results, "val/")


def test_metric_without_any_score_has_counts_and_no_mean() -> None:
    """A chart has a gap, not a zero."""
    assert scalars(EvalResults([{"m": MetricResult.skipped("m", SILENT)}])) == {
        "m/scored": 0.0,
        "m/skipped": 1.0,
        "m/skipped/silent": 1.0,
    }
