"""Metrics that avmeter lacks have a skip in the place of each result."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.fastvideo.absent import absent_metric
from avmeter.fastvideo.names import fastvideo_names
from avmeter.metrics.base import CorpusMetric, FeatureSet
from avmeter.sample import Sample

NAME = "optical_flow.synthetic_optical_flow"


def test_metric_of_samples_is_skipped_with_what_it_would_need() -> None:
    """Before anything is decoded."""
    metric = copy.deepcopy(absent_metric(fastvideo_names()[NAME]))
    sample = Sample.of({"video": "a.mp4"})
    skip = metric.check(sample)
    assert skip.code == SkipCode.UNSUPPORTED
    assert (
        skip.reason == f"{NAME} is not in avmeter yet; it needs the optical flow network DPFlow and a calibration file"
    )
    assert metric.score(sample, FeatureSet()).skip == skip
    assert metric.needs == ()


def test_metric_of_a_corpus_is_skipped_at_the_end() -> None:
    """Whatever samples there were."""
    metric = absent_metric(dataclasses.replace(fastvideo_names()[NAME], of="corpus"))
    assert isinstance(metric, CorpusMetric)
    state = metric.update(metric.start(), Sample.of({"video": "a.mp4"}), FeatureSet())
    with pytest.raises(SkipError, match="synthetic_optical_flow is not in avmeter yet"):
        metric.finish(metric.merge(state, metric.start()))
