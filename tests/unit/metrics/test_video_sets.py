"""Needs of metrics over sets of videos."""

from __future__ import annotations

import pytest

from avmeter.metrics.common.fid import FrechetInceptionDistance
from avmeter.metrics.common.fvd import FrechetVideoDistance
from avmeter.metrics.common.kid import KernelInceptionDistance
from avmeter.metrics.common.kvd import KernelVideoDistance


@pytest.mark.parametrize(
    ("cls", "extractor"),
    [
        (FrechetVideoDistance, "i3d"),
        (KernelVideoDistance, "i3d"),
        (FrechetInceptionDistance, "fid_inception"),
        (KernelInceptionDistance, "fid_inception"),
    ],
)
def test_needs_have_the_network_and_the_number_of_frames(cls, extractor: str) -> None:
    """No protocol: the extractor knows one way of reading. And a run reports the number."""
    metric = cls(num_frames=16, protocol="av-benchmark")
    generated, reference = metric.needs
    assert (generated.extractor, generated.field, generated.options) == (extractor, "video", {"num_frames": 16})
    assert (reference.extractor, reference.field, reference.options) == (extractor, "reference", {"num_frames": 16})
    assert not generated.optional
    assert reference.optional
    assert metric.options()["num_frames"] == 16
