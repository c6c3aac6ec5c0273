"""Corpora of embeddings without networks, scored by a corpus metric."""

from __future__ import annotations

import numpy as np

from avmeter.features.base import Features
from avmeter.metrics.base import CorpusMetric, FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from avmeter.sample import Sample

RNG = np.random.default_rng(3)
REFERENCE = RNG.standard_normal((400, 128)).astype(np.float32)
GENERATED = (RNG.standard_normal((300, 128)) + 0.1).astype(np.float32)
FRECHET = "audio.frechet_distance"


def embedded(row: np.ndarray) -> Features:
    """Return the features of a clip with this embedding."""
    return Features(arrays={"embedding": row})


def score(metric: CorpusMetric, generated: np.ndarray, reference: np.ndarray | None = None) -> MetricResult:
    """Corpus score of rows, one clip each; references come as samples of their own."""
    state = metric.start()
    for i, row in enumerate(generated):
        state = metric.update(state, Sample(id=f"g{i}"), FeatureSet({"generated": embedded(row)}))
    for i, row in enumerate(() if reference is None else reference):
        sample = Sample(id=f"r{i}", role="reference")
        state = metric.update(state, sample, FeatureSet({"generated": embedded(row)}))
    return metric.finish(state)


def corpus_metric(name: str, **options: object) -> CorpusMetric:
    """Return a metric that scores whole corpora."""
    metric = get_metric(name, **options)
    assert isinstance(metric, CorpusMetric)
    return metric
