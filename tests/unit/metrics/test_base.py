"""The contract of a metric: what it has unless it says otherwise."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric, Need
from avmeter.result import MetricResult
from avmeter.sample import Sample


class Constant(Metric):
    name = "user.constant"
    direction = "none"

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return MetricResult(self.name, 1.0)


class Count(CorpusMetric):
    name = "user.count"
    direction = "none"

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def start(self) -> int:
        return 0

    def update(self, state: int, sample: Sample, features: FeatureSet) -> int:
        return state + 1

    def merge(self, a: int, b: int) -> int:
        return a + b

    def finish(self, state: int) -> MetricResult:
        return MetricResult(self.name, float(state))


def test_field_of_a_need_is_one_or_one_for_each_parent() -> None:
    """Either way as a tuple."""
    assert Need(name="a", field="audio", extractor="x").fields == ("audio",)
    assert Need(name="a", field=("video", "audio"), extractor="x").fields == ("video", "audio")


def test_metric_has_the_protocol_as_its_only_option_and_no_choices() -> None:
    """An unknown one is refused when the metric is made."""
    assert Constant(protocol="av-benchmark").options() == {"protocol": "av-benchmark"}
    assert Constant.choices() == {}
    assert Constant().check(Sample(id="a")) is None
    with pytest.raises(UnknownNameError, match="did you mean `fastvideo`"):
        Constant(protocol="fastvideos")


def test_corpus_metric_has_no_score_of_a_clip_and_ignores_clips_without_features() -> None:
    """Unless it overrides that."""
    metric = Count()
    assert (metric.per_sample, metric.min_samples, metric.takes_references) == (False, 1, True)
    with pytest.raises(NotImplementedError, match=r"user\.count is a metric of a corpus"):
        metric.score(Sample(id="a"), FeatureSet())
