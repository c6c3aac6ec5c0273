"""The score of Physics-IQ."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.physics_iq.score import physics_iq
from golden.scenes import scene
from support import require
from support.media import write_media

MEANS = {"mse": 0.02, "spatiotemporal_iou": 0.5, "spatial_iou": 0.8, "weighted_spatial_iou": 0.6}
CLIP = {"physics_iq.score": {"target_fps": 10, "duration_seconds": 2}}


@pytest.fixture(autouse=True)
def packages() -> None:
    require.package("cv2")


def test_second_take_has_a_hundred_and_a_worse_clip_its_share() -> None:
    """Half of every overlap is 50; an error above that of the takes is taken off, in percent."""
    assert physics_iq(MEANS, MEANS, of="a") == 100
    half = {name: value / 2 for name, value in MEANS.items()}
    assert physics_iq({**half, "mse": 0.02}, MEANS, of="a") == 50
    assert physics_iq({**half, "mse": 0.05}, MEANS, of="a") == 47
    assert physics_iq({**MEANS, "mse": 2.0}, MEANS, of="a") == 0


def test_takes_without_motion_in_common_are_a_named_skip() -> None:
    """With what is 0, and what to look at."""
    with pytest.raises(SkipError, match=r"clip: no motion .*\(spatial_iou between them is 0\)") as caught:
        physics_iq(MEANS, {**MEANS, "spatial_iou": 0.0}, of="clip")
    assert caught.value.code is SkipCode.NO_EVENTS
    assert "reference_take2" in caught.value.hint


def test_clip_that_has_no_score_of_its_own_counts_in_the_set() -> None:
    """The set divides by means over all clips."""
    still = np.repeat(scene(20)[:1], 20, 0)
    white = np.full_like(still, 255)
    left, right = white.copy(), white.copy()
    left[:, :, 80:], right[:, :, :80] = 0, 0
    apart = {"reference_mask": left, "reference_take2_mask": right}
    samples = [
        {"video": scene(20), "reference": scene(20), "take2": scene(20, late=1), "fps": 10},
        {"video": scene(20), "reference": scene(20), "real_take2": scene(20, late=1), **apart, "fps": 10},
    ]
    results = create_evaluator(metrics=["physics_iq.score"], device="cpu", options=CLIP).evaluate(samples=samples)
    first, second = (row["physics_iq.score"] for row in results)
    assert first.score is not None
    assert second.skip.code == SkipCode.NO_EVENTS
    whole = results.corpus["physics_iq.score"]
    assert whole.details["num_clips"] == 2
    assert whole.details["pv_spatial_iou"] == pytest.approx(first.details["pv_spatial_iou"] / 2)


def test_files_are_scored_by_processes_that_read_them_side_by_side(tmp_path) -> None:
    """As frames in memory are, up to the encoder's losses; scenario and view stay with the result."""
    takes = {
        "video": scene(20, width=160),
        "reference": scene(20, width=160, grain=2),
        "reference_take2": scene(20, width=160, late=1),
    }
    paths = {name: write_media(tmp_path / f"{name}.mkv", frames=frames, fps=10) for name, frames in takes.items()}
    mask = write_media(tmp_path / "mask.mkv", frames=np.full_like(takes["video"], 255), fps=10)
    evaluator = create_evaluator(metrics=["physics_iq.score"], device="cpu", options=CLIP)
    plain, masked = evaluator.evaluate(
        samples=[{**paths, "scenario": "domino", "view": "left"}, {**paths, "video_mask": mask}]
    )
    found = plain["physics_iq.score"]
    assert found.score is not None
    assert (found.details["scenario"], found.details["view"]) == ("domino", "left")
    assert masked["physics_iq.score"].details["spatial_iou"] < found.details["spatial_iou"]
