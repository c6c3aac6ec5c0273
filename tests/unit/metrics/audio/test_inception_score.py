"""The inception score of made-up classes."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.features.base import Features
from avmeter.metrics.audio.inception_score import InceptionScoreMetric
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample

NUM_CLASSES = 8
SURE = 50.0 * np.eye(NUM_CLASSES)


def score(rows: np.ndarray, *, splits: int = 1) -> MetricResult:
    metric = InceptionScoreMetric(splits=splits)
    state = metric.start()
    for i, row in enumerate(rows):
        state = metric.update(state, Sample(id=f"{i:03}"), FeatureSet({"generated": Features(arrays={"logits": row})}))
    return metric.finish(state)


def test_sure_and_varied_clips_score_the_number_of_classes_and_equal_ones_1() -> None:
    """The ends of the scale, exactly."""
    assert score(SURE).score == pytest.approx(NUM_CLASSES)
    assert score(np.repeat(SURE[:1], 8, axis=0)).score == pytest.approx(1.0)
    assert score(np.zeros((8, NUM_CLASSES))).score == pytest.approx(1.0)


def test_clip_without_usable_logits_is_left_out_and_counted() -> None:
    """The others have their score."""
    bad = np.full((2, NUM_CLASSES), np.nan)
    result = score(np.concatenate([SURE, bad]))
    assert result.score == pytest.approx(NUM_CLASSES)
    assert (result.details["n_gen"], result.details["n_gen_dropped_nonfinite"]) == (8, 2)


def test_fewer_clips_than_parts_are_refused_with_both_numbers() -> None:
    """A mean over empty parts would be one of nothing."""
    with pytest.raises(StatsError, match="over 10 splits needs at least 10 clips, got 8"):
        score(SURE, splits=10)
