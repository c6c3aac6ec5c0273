"""LPIPS of videos."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import UnknownNameError
from avmeter.metrics.common.lpips import LpipsMetric
from support.frame_pairs import waves_and_noise
from support.media import numbered, write_media


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_score_is_the_mean_of_the_frames_distances(net: str) -> None:
    """Through the engine; 0 where both are the same, and marked with stand-in weights."""
    generated, reference = waves_and_noise()
    options = {"common.lpips": {"net": net}}
    evaluator = create_evaluator(metrics=["common.lpips"], device="cpu", weights="dummy", options=options)
    found = evaluator.evaluate(video=generated, reference=reference)["common.lpips"]
    assert found.dummy
    assert len(found.details["per_frame"]) == 4
    assert found.score == pytest.approx(np.mean(found.details["per_frame"]))
    assert evaluator.evaluate(video=reference, reference=reference)["common.lpips"].score == 0


def test_files_of_different_lengths_are_scored_with_a_note(tmp_path) -> None:
    """As of the other metrics of pairs."""
    generated = write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10)
    reference = write_media(tmp_path / "b.mp4", frames=numbered(8), fps=10)
    evaluator = create_evaluator(metrics=["common.lpips"], device="cpu", weights="dummy")
    found = evaluator.evaluate(video=str(generated), reference=str(reference))["common.lpips"]
    assert len(found.details["per_frame"]) == 8
    assert "10 generated frames against 8" in found.details["note"]


def test_unknown_network_is_refused() -> None:
    """With the names that exist."""
    with pytest.raises(UnknownNameError, match="alex"):
        LpipsMetric(net="squeeze")
