"""The Fréchet video distance."""

from __future__ import annotations

import numpy as np

from avmeter.metrics.common.fvd import FrechetVideoDistance


def test_videos_and_their_references_are_compared_by_i3d() -> None:
    """All frames unless a number is asked for."""
    generated, reference = FrechetVideoDistance(num_frames=16).needs
    assert (generated.field, reference.field) == ("video", "reference")
    assert (generated.extractor, generated.options) == ("i3d", {"num_frames": 16})


def test_file_of_the_environment_is_the_reference_set(tmp_path, monkeypatch) -> None:
    """`FASTVIDEO_FVD_REF_FEATURES`, which the sound's distance does not read."""
    path = tmp_path / "reference.npy"
    np.save(path, np.random.default_rng(0).standard_normal((20, 400)).astype(np.float32))
    monkeypatch.setenv("FASTVIDEO_FVD_REF_FEATURES", str(path))
    metric = FrechetVideoDistance()
    assert len(metric.needs) == 1
    assert metric.reference is not None
    assert metric.reference.moments.count == 20


def test_protocols_read_videos_alike() -> None:
    """They differ in the diagonal offset, and share stored features."""
    assert FrechetVideoDistance(protocol="av-benchmark").needs == FrechetVideoDistance().needs
