"""What the metrics of Physics-IQ have in common."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import UsageError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.sample import Sample
from golden.scenes import scene
from support import require

FACTS = {
    "spatial_iou": 0.75, "weighted_spatial_iou": 0.5,
    "num_frames": 2, "num_generated_frames": 2, "num_reference_frames": 3,
}  # fmt: skip
SCORES = {"mse": 0.25, "spatiotemporal_iou": 0.5, "spatial_iou": 0.75, "weighted_spatial_iou": 0.5}


@pytest.fixture(autouse=True)
def packages() -> None:
    require.package("cv2")


@pytest.mark.parametrize("name", SCORES)
def test_each_metric_reads_its_quantity(name: str) -> None:
    """Values of frames as their mean, with the frames in the details; a cut is noted."""
    pair = Features(arrays={"mse": np.array([0.1, 0.4]), "iou": np.array([0.25, 0.75])}, facts=FACTS)
    found = get_metric(f"physics_iq.{name}").score(Sample(id="a"), FeatureSet({"pair": pair}))
    assert found.score == SCORES[name]
    assert ("per_frame" in found.details) == (name in ("mse", "spatiotemporal_iou"))
    assert "2 generated frames against 3" in found.details["note"]


def test_group_is_one_pass_over_the_pair_and_options_are_reported() -> None:
    """Five metrics, of which one lacks a take, and says which field."""
    options = {name: {"target_fps": 10, "duration_seconds": 2} for name in SCORES}
    options = {f"physics_iq.{name}": own for name, own in options.items()}
    evaluator = create_evaluator(metrics="physics_iq", device="cpu", options=options)
    results = evaluator.evaluate(video=scene(20, late=2), reference=scene(20), fps=10)
    assert set(results) == {"physics_iq.score", *options}
    assert all(results[name].score is not None for name in options)
    assert results["physics_iq.score"].skip.field == "reference_take2"
    assert evaluator.metrics["physics_iq.mse"].options()["target_fps"] == 10


@pytest.mark.parametrize(
    "options",
    [
        {"duration_seconds": 0},
        {"duration_seconds": -1},
        {"duration_seconds": 0.05},
        {"target_fps": 1, "duration_seconds": 1},
        {"target_fps": 0},
        {"alpha": -0.1},
        {"alpha": 1.5},
        {"threshold": -1},
        {"threshold": 256},
    ],
)
def test_options_that_compare_nothing_are_refused(options: dict[str, float]) -> None:
    """Before a frame is read: no frames agree in all they show, and a threshold below 0 sees motion everywhere."""
    with pytest.raises(UsageError, match=next(reversed(options))):
        get_metric("physics_iq.mse", **options)


def test_options_at_their_ends_are_taken() -> None:
    """Two frames, no memory or nothing else, any change or none."""
    get_metric("physics_iq.mse", target_fps=1, duration_seconds=2, alpha=0, threshold=0)
    get_metric("physics_iq.mse", alpha=1.0, threshold=255)
