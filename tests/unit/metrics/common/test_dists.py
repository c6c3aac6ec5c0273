"""DISTS of videos."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from support.frame_pairs import waves_and_noise


def test_score_is_the_mean_of_the_frames_distances() -> None:
    """Through the engine; about 0 where both are the same, and marked with stand-in weights."""
    generated, reference = waves_and_noise()
    evaluator = create_evaluator(metrics=["common.dists"], device="cpu", weights="dummy")
    found = evaluator.evaluate(video=generated, reference=reference)["common.dists"]
    assert found.dummy
    assert len(found.details["per_frame"]) == 4
    assert found.score == pytest.approx(np.mean(found.details["per_frame"]))
    same = evaluator.evaluate(video=reference, reference=reference)["common.dists"]
    assert same.score == pytest.approx(0, abs=1e-3)
