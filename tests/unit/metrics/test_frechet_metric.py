"""The Fréchet distance that sound and video share; its arithmetic is tested with the metrics of sound."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from avmeter.metrics.frechet_metric import FrechetMetric
from avmeter.metrics.resolve import get_metric, resolve_metrics
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


def test_file_of_the_reference_set_is_not_sent_to_other_processes(tmp_path):
    """They fold clips in, and end no run; where the content is asked for, it is read again."""
    np.savez(tmp_path / "reference.npz", mu=np.zeros(128), sigma=np.eye(128))
    options = {"backbone": "vggish", "reference_features": tmp_path / "reference.npz"}
    metric = resolve_metrics(["audio.frechet_distance"], options={"audio.frechet_distance": options})[
        "audio.frechet_distance"
    ]
    assert metric.reference is not None
    sent = pickle.dumps(metric)
    assert len(sent) < 10_000
    assert pickle.loads(sent).reference.moments.dim == 128  # noqa: S301
