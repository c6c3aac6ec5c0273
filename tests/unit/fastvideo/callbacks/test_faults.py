"""Which results without a score a training is told of."""

from __future__ import annotations

from avmeter.errors import SkipCode
from avmeter.fastvideo.callbacks.faults import faults_of, silent_metrics
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults


def skipped(name: str, code: SkipCode, reason: str, hint: str = "") -> MetricResult:
    return MetricResult.skipped(name, Skip(code=code, reason=reason, hint=hint))


def test_failures_are_faults_and_metrics_that_are_silent_everywhere_are_named() -> None:
    """Each metric once; a metric with a score on some clip is not silent."""
    absent = skipped("a.weights", SkipCode.WEIGHTS_UNAVAILABLE, "not here", "fetch them")
    silent = skipped("a.text", SkipCode.MISSING_INPUT, "no text")
    rows = [
        {"a.weights": absent, "a.text": silent, "a.odd": skipped("a.odd", SkipCode.FAILED, "boom", "report it")},
        {"a.weights": absent, "a.text": silent, "a.odd": MetricResult("a.odd", 1.0), "a.some": silent},
        {"a.some": MetricResult("a.some", 1.0)},
    ]
    results = EvalResults(rows, {"a.set": skipped("a.set", SkipCode.TOO_FEW_SAMPLES, "one is none")})
    assert faults_of(results) == ["a.weights: not here (fetch them)", "a.odd: boom"]
    assert silent_metrics(results) == ["a.text: no text", "a.set: one is none"]
