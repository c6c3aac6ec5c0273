"""What a training has to be told of results without a score, which its tracker leaves out in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults

_FAULTS = {SkipCode.FAILED, SkipCode.WEIGHTS_UNAVAILABLE, SkipCode.OUT_OF_MEMORY, SkipCode.WORKER_DIED}


def faults_of(results: EvalResults) -> list[str]:
    """Return what FastVideo would have raised, by metric: a failure, or weights that are not there."""
    found = ((name, r.skip) for row in _all(results) for name, r in row.items())
    return _by_metric((name, skip) for name, skip in found if skip is not None and skip.code in _FAULTS)


def silent_metrics(results: EvalResults) -> list[str]:
    """Return why metrics have no value at all, and no fault: what they read is not there, or nothing of it is."""
    scored = {name for row in _all(results) for name, r in row.items() if r.score is not None}
    found = [(name, r.skip) for row in _all(results) for name, r in row.items() if name not in scored and r.skip]
    faulty = {name for name, skip in found if skip.code in _FAULTS}
    return _by_metric((name, skip) for name, skip in found if name not in faulty)


def _all(results: EvalResults) -> Iterable[Mapping[str, MetricResult]]:
    return [*results, results.corpus]


def _by_metric(skips: Iterable[tuple[str, Skip]]) -> list[str]:
    first: dict[str, str] = {}
    for name, skip in skips:
        is_told = skip.hint and skip.code != SkipCode.FAILED  # its hint is to report the file
        first.setdefault(name, f"{skip.reason} ({skip.hint})" if is_told else skip.reason)
    return [f"{name}: {reason}" for name, reason in first.items()]
