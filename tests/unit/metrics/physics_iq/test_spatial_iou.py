"""Spatial IoU of Physics-IQ."""

from __future__ import annotations

import numpy as np
import pytest

from support.physics_iq import jump, scored

NAME = "physics_iq.spatial_iou"


def test_area_counts_whenever_something_moves_there() -> None:
    """The same jump later is all of it; in the left half alone, half; nowhere on both sides, all."""
    assert scored(NAME, jump(12), jump(8)).score == 1
    left = jump(8)
    left[:, :, 80:] = 0
    assert scored(NAME, left, jump(8)).score == pytest.approx(0.5, abs=0.02)
    still = np.zeros_like(left)
    assert scored(NAME, still, still).score == 1
    assert scored(NAME, still, left).score == 0
