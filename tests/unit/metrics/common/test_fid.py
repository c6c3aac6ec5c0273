"""Fréchet inception distance of frames."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.metrics.common.fid import FrechetInceptionDistance
from support.frame_pairs import waves_and_noise


def test_frames_of_all_clips_are_compared_as_one_set() -> None:
    """Two frames of each clip, marked with stand-in weights; and nothing is added to the diagonals."""
    options = {"common.fid": {"num_frames": 2}, "common.kid": {"num_frames": 2}}
    evaluator = create_evaluator(metrics=["common.fid", "common.kid"], device="cpu", weights="dummy", options=options)
    generated, reference = waves_and_noise()
    samples = [
        {"id": str(n), "video": (np.roll(generated, n, axis=2), 10.0), "reference": (np.roll(reference, n, 1), 10.0)}
        for n in range(2)
    ]
    corpus = evaluator.evaluate(samples=samples).corpus
    for name in ("common.fid", "common.kid"):
        assert corpus[name].dummy
        assert (corpus[name].details["n_gen"], corpus[name].details["n_ref"]) == (4, 4)
    assert corpus["common.fid"].score > 0
    assert "4 embeddings for 2048 dimensions" in corpus["common.fid"].details["warnings"][0]


@pytest.mark.parametrize("protocol", ["fastvideo", "av-benchmark"])
def test_no_diagonal_offset_is_added(protocol: str) -> None:
    """As in the published programs, whatever FastVideo does to other sets."""
    metric = FrechetInceptionDistance(protocol=protocol)
    assert metric.diagonal_offset[metric.protocol] == 0
