"""Spatiotemporal IoU of Physics-IQ."""

from __future__ import annotations

from support.physics_iq import jump, scored

NAME = "physics_iq.spatiotemporal_iou"


def test_motion_counts_at_its_time() -> None:
    """The same jump later has none of it in common for as long; before and after, stillness agrees."""
    assert scored(NAME, jump(8), jump(8)).score == 1
    late = scored(NAME, jump(12), jump(8))
    assert late.details["per_frame"][:8] == [1.0] * 8
    assert late.details["per_frame"][8] == 0
    assert late.score < 0.8
