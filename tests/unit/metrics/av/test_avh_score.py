"""AVHScore on embeddings whose cosines are known by hand, and against the published arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.audio.imagebind_score import ImageBindScore
from avmeter.metrics.av.avh_score import AvhScore
from avmeter.metrics.av.javis_score import JavisScore
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def score(frames: Any, sound: Any, **facts: Any) -> MetricResult:
    arrays = {"embedding": np.asarray(frames, np.float32), "times_s": np.arange(len(frames)) / 25}
    features = {
        "frames": Features(arrays=arrays, facts={"duration_s": len(frames) / 25}),
        "audio": Features(arrays={"embedding": np.asarray(sound, np.float32)}, facts=facts),
    }
    return AvhScore().score(Sample(id="clip"), FeatureSet(features))


def test_score_is_the_mean_over_frames_whatever_their_lengths() -> None:
    """Cosines of 1, 0.6 and 0 with a sound of length 20; the weakest is the third."""
    result = score([[2, 0], [0.6, 0.8], [0, 3]], [20, 0])
    assert result.score == pytest.approx(1.6 / 3)
    details = result.details
    assert (details["num_frames"], details["weakest_frame_s"]) == (3, 2 / 25)
    assert details["weakest_frame"] == pytest.approx(0, abs=1e-7)


def test_arithmetic_is_the_published_one() -> None:
    """`CosineSimilarity(dim=-1, eps=1e-6)` of (T, 1024) and (1, 1024), then the mean."""
    rng = np.random.default_rng(0)
    frames, sound = rng.standard_normal((48, 1024)), 20 * rng.standard_normal(1024)
    published = torch.nn.CosineSimilarity(dim=-1, eps=1e-6)(torch.tensor(frames), torch.tensor(sound)[None]).mean()
    assert score(frames, sound).score == pytest.approx(published.item(), abs=1e-6)


def test_silence_is_told_and_an_embedding_without_direction_is_a_skip() -> None:
    """A note where the sound that was read is silent; no number where there is none."""
    assert score([[1, 0]], [1, 0], hears_silence="the sound is silent").details["note"] == "the sound is silent"
    with pytest.raises(SkipError) as caught:
        score([[1, 0]], [0, 0])
    assert caught.value.code is SkipCode.NON_FINITE


def test_frames_are_those_of_javis_score_and_the_sound_that_of_the_imagebind_score() -> None:
    """So that a run with all three embeds neither twice."""
    frames, sound = AvhScore().needs
    assert frames in JavisScore().needs
    assert sound in ImageBindScore().needs
