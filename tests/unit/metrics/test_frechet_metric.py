"""The Fréchet distance that sound and video share; its arithmetic is tested with the metrics of sound."""

from __future__ import annotations

import pytest

from avmeter.metrics.frechet_metric import FrechetMetric
from avmeter.metrics.resolve import get_metric
from support.features import samples


@pytest.mark.parametrize("name", ["audio.frechet_distance", "common.fvd"])
def test_one_clip_is_a_skip_that_names_a_metric_of_clips(name: str) -> None:
    """Of its own kind: sound for sound, video for video."""
    metric = get_metric(name)
    assert isinstance(metric, FrechetMetric)
    state = metric.start()
    for sample, features in samples(metric, 1):
        state = metric.update(state, sample, features)
    skip = metric.finish(state).skip
    assert skip is not None
    assert metric.for_single_clips in skip.hint
