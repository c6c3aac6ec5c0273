"""Optical flow against the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode, UnknownNameError
from avmeter.features.frames import base
from avmeter.metrics.optical_flow.gt_optical_flow import FlowAgainstReference
from avmeter.stats.optical_flow import FLOW_NUMBERS
from golden.scenes import scene
from support import require
from support.flow_networks import put_flow_networks

NAME = "optical_flow.gt_optical_flow"


@pytest.fixture(autouse=True)
def packages() -> None:
    require.package("cv2")


def test_own_name_is_of_the_published_network_and_says_that_it_is_not_here() -> None:
    """A number of another flow would be taken for FastVideo's; the hint has what does run."""
    evaluator = create_evaluator(metrics=[NAME], device="cpu")
    skip = evaluator.evaluate(video=scene(3), reference=scene(3), fps=10)[NAME].skip
    assert skip.code == SkipCode.UNSUPPORTED
    assert "DPFlow" in skip.reason
    assert f"{NAME}@dis" in skip.hint


def test_labels_choose_a_flow_of_opencv() -> None:
    """Both side by side, each with all numbers of each pair of frames and their summary."""
    names = [f"{NAME}@dis", f"{NAME}@farneback"]
    evaluator = create_evaluator(metrics=names, device="cpu")
    results = evaluator.evaluate(video=scene(5, late=2), reference=scene(4), fps=10)
    for name in names:
        found = results[name]
        assert found.score == pytest.approx(found.details["pixel_epe_mean_mean"])
        assert found.score > 0.1
        assert found.details["backbone"] == name.partition("@")[2]
        assert [set(pair) for pair in found.details["per_frame_metrics"]] == [set(FLOW_NUMBERS)] * 3
        assert "5 generated frames against 4" in found.details["note"]
    equal = evaluator.evaluate(video=scene(4), reference=scene(4), fps=10)
    assert [equal[name].score for name in names] == [0, 0]


def test_label_chooses_raft(monkeypatch: pytest.MonkeyPatch) -> None:
    """With options of the comparison, as of the others; stand-in weights are marked."""
    monkeypatch.setattr(base, "RAFT_ITERATIONS", 1)
    name = f"{NAME}@raft"
    options = {name: {"grid_size": 4}}
    evaluator = create_evaluator(metrics=[name], device="cpu", weights="dummy", options=options)
    put_flow_networks(evaluator._computer.runtime)
    found = evaluator.evaluate(video=scene(3, height=124, late=2), reference=scene(2, height=124), fps=10)[name]
    assert found.score == pytest.approx(found.details["pixel_epe_mean_mean"])
    assert found.score > 0
    assert (found.dummy, found.details["backbone"]) == (True, "raft")
    assert [set(pair) for pair in found.details["per_frame_metrics"]] == [set(FLOW_NUMBERS)]
    (need,) = FlowAgainstReference(backbone="raft", grid_size=4).needs
    assert (need.extractor, need.options["grid_size"]) == ("raft_flow_errors", 4)


def test_options_reach_the_comparison() -> None:
    """Another mask is another score."""
    options = {f"{NAME}@dis": {"max_mag_pct": 100.0, "min_mag": 3.0, "grid_size": 4}}
    evaluator = create_evaluator(metrics=[f"{NAME}@dis"], device="cpu", options=options)
    plain = create_evaluator(metrics=[f"{NAME}@dis"], device="cpu")
    sample = {"video": scene(4, late=2), "reference": scene(4), "fps": 10}
    scores = [e.evaluate(**sample)[f"{NAME}@dis"].score for e in (evaluator, plain)]
    assert not np.isclose(*scores)


def test_unknown_backbone_is_refused() -> None:
    """By name."""
    with pytest.raises(UnknownNameError, match="backbone"):
        FlowAgainstReference(backbone="raft2")
