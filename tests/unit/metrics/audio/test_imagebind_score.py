"""The ImageBind score of made-up embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.audio.imagebind_score import ImageBindScore
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def score(video: list[float], audio: list[float], **facts: Any) -> MetricResult:
    features = {
        "video": Features(arrays={"embedding": np.array(video)}),
        "audio": Features(arrays={"embedding": np.array(audio)}, facts=facts),
    }
    return ImageBindScore().score(Sample(id="a"), FeatureSet(features))


def test_score_is_the_cosine_of_video_and_sound() -> None:
    """Plain, as the details say."""
    result = score([3, 0], [1, 1])
    assert result.score == pytest.approx(0.5**0.5)
    assert result.details == {"scale": "cosine"}


def test_what_is_odd_about_the_sound_is_passed_on() -> None:
    """A silent channel as a note, a duration that the header has wrong as a detail."""
    result = score([1, 0], [1, 0], hears_silence="the sound is silent", header_mismatch="the header says 12 s")
    assert result.details["note"] == "the sound is silent"
    assert result.details["header_mismatch"] == "the header says 12 s"


def test_options_reach_the_side_that_they_concern() -> None:
    """Channel and mean to the sound, the protocol to the video."""
    metric = ImageBindScore(channel="mean", mean_removal="independent", protocol="av-benchmark")
    video, audio = metric.needs
    assert video.options == {"protocol": "av-benchmark"}
    assert audio.options == {"channel": "mean", "mean_removal": "independent"}
    assert metric.options() == {"protocol": "av-benchmark", "channel": "mean", "mean_removal": "independent"}
