"""Weighted spatial IoU of Physics-IQ."""

from __future__ import annotations

import numpy as np
import pytest

from support.physics_iq import jump, scored

NAME = "physics_iq.weighted_spatial_iou"


def test_how_long_something_moves_counts_and_not_when() -> None:
    """The same jump later is all of it; a slower average, which fades for longer, is not."""
    assert scored(NAME, jump(5), jump(3)).score == pytest.approx(1, abs=0.02)
    twice = np.concatenate([jump(3)[:8], jump(3)[:12]])
    found = scored(NAME, twice, jump(3))
    assert 0 < found.score < 0.9
    assert scored("physics_iq.spatial_iou", twice, jump(3)).score == 1
