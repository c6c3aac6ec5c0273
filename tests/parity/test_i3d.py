"""I3D with its trained weights: the Fréchet video distance that the reference implementation reports."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from support import require

# README of common_metrics_on_video_quality: TensorFlow's reference over 8 black against 8 white videos of 30 frames.
BLACK_AGAINST_WHITE = 151.39244


@pytest.mark.full
def test_black_against_white_videos_have_the_published_distance() -> None:
    """TensorFlow reports 151.39244 for 30 frames; 10 frames have 569.771."""
    require.weights("i3d-kinetics-400")
    evaluator = create_evaluator(metrics=["common.fvd"], device="cpu")
    for num_frames, published in ((30, BLACK_AGAINST_WHITE), (10, 569.771)):
        black = np.zeros((num_frames, 32, 32, 3), np.uint8)
        clips = [{"id": str(i), "video": (black, 10.0), "reference": (255 - black, 10.0)} for i in range(2)]
        found = evaluator.evaluate(samples=clips).corpus["common.fvd"]
        # More clips of the same kind are the same Gaussian.
        assert found.score == pytest.approx(published, rel=1e-5)
