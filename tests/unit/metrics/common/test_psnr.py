"""Peak signal-to-noise ratio of frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import UnknownNameError
from avmeter.metrics.common.psnr import Psnr, decibels
from support.frame_pairs import waves_and_noise
from support.media import numbered, write_media

SCIKIT_IMAGE = 26.669540081917628  # 0.26.0, of the whole clip; torchmetrics 1.9.0 has 26.669539
FASTVIDEO = [26.669624233000462, 26.66858424007173, 26.67005511209267, 26.669896893709357]


def score(form: str, generated, reference, metric: str = "common.psnr"):
    """Return the result for a pair of arrays or files."""
    evaluator = create_evaluator(metrics=[metric], device="cpu", options={metric: {"form": form}})
    return evaluator.evaluate(video=generated, reference=reference)[metric]


def test_forms_agree_with_what_they_are_named_after() -> None:
    """The mean of the frames' decibels; or the decibels of the clip."""
    generated, reference = waves_and_noise()
    found = score("fastvideo", generated, reference)
    assert found.score == pytest.approx(np.mean(FASTVIDEO), abs=1e-4)
    assert found.details["per_frame"] == pytest.approx(FASTVIDEO, abs=1e-4)
    assert score("standard", generated, reference).score == pytest.approx(SCIKIT_IMAGE, abs=1e-4)


def test_equal_clips_have_a_hundred_decibels_and_black_against_white_none() -> None:
    """A finite number where the ratio is not."""
    assert decibels(0.0) == 100
    assert decibels(1.0) == 0


def test_unknown_form_is_refused() -> None:
    """With the names that exist."""
    with pytest.raises(UnknownNameError, match="form"):
        Psnr(form="standart")


def test_files_of_different_lengths_are_scored_with_a_note(tmp_path) -> None:
    """From the command of a user to the note, through processes that read both files."""
    generated = write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10)
    reference = write_media(tmp_path / "b.mp4", frames=numbered(8), fps=10)
    found = score("fastvideo", str(generated), str(reference))
    assert found.score is not None
    assert math.isfinite(found.score)
    assert found.details["note"] == "10 generated frames against 8: the first 8 of each were compared"


def test_reference_that_is_no_video_is_a_skip_of_that_side(tmp_path) -> None:
    """The reason names the file."""
    generated = write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10)
    (tmp_path / "b.mp4").write_bytes(b"no video" * 100)
    found = score("fastvideo", str(generated), str(tmp_path / "b.mp4"))
    assert found.skip is not None
    assert "b.mp4" in found.skip.reason
