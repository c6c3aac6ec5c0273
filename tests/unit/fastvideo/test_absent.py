"""Metrics that avmeter lacks have a skip in the place of each result."""

from __future__ import annotations

import copy

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.fastvideo.absent import absent_metric
from avmeter.fastvideo.names import fastvideo_names
from avmeter.metrics.base import CorpusMetric, FeatureSet
from avmeter.sample import Sample


def test_metric_of_samples_is_skipped_with_what_it_would_need() -> None:
    """Before anything is decoded."""
    metric = copy.deepcopy(absent_metric(fastvideo_names()["vbench.color"]))
    sample = Sample.of({"video": "a.mp4"})
    skip = metric.check(sample)
    assert skip.code == SkipCode.UNSUPPORTED
    assert skip.reason == "vbench.color is not in avmeter yet; it needs GRiT and detectron2"
    assert metric.score(sample, FeatureSet()).skip == skip
    assert metric.needs == ()


def test_metric_of_a_corpus_is_skipped_at_the_end() -> None:
    """Whatever samples there were."""
    metric = absent_metric(fastvideo_names()["judge.third_person_separation"])
    assert isinstance(metric, CorpusMetric)
    state = metric.update(metric.start(), Sample.of({"video": "a.mp4"}), FeatureSet())
    with pytest.raises(SkipError, match=r"judge\.third_person_separation is not in avmeter yet"):
        metric.finish(metric.merge(state, metric.start()))
