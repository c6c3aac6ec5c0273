"""Metrics of FastVideo that avmeter does not have: each result is a skip that says so."""

from __future__ import annotations

from typing import Any

from avmeter.errors import SkipCode, SkipError
from avmeter.fastvideo.names import MetricName
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric, Need
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample


def absent_metric(metric: MetricName) -> Metric:
    """Return what stands in for a metric."""
    return AbsentCorpusMetric(metric) if metric.of == "corpus" else AbsentMetric(metric)


def skip_of(metric: MetricName) -> Skip:
    """Return why the metric has no score."""
    return Skip(code=SkipCode.UNSUPPORTED, reason=metric.reason, hint=metric.hint)


class AbsentMetric(Metric):
    """A metric of samples without scores."""

    direction = "none"

    def __init__(self, metric: MetricName) -> None:
        super().__init__()
        self.name = metric.name  # type: ignore[misc]
        self._metric = metric

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def check(self, sample: Sample) -> Skip:
        return skip_of(self._metric)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return MetricResult.skipped(self.name, skip_of(self._metric))


class AbsentCorpusMetric(CorpusMetric):
    """A metric of a corpus without a score."""

    direction = "none"

    def __init__(self, metric: MetricName) -> None:
        super().__init__()
        self.name = metric.name  # type: ignore[misc]
        self._metric = metric

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def start(self) -> None:
        return None

    def update(self, state: Any, sample: Sample, features: FeatureSet) -> None:
        return None

    def merge(self, a: Any, b: Any) -> None:
        return None

    def finish(self, state: Any) -> MetricResult:
        skip = skip_of(self._metric)
        raise SkipError(skip.code, skip.reason, hint=skip.hint)
