"""LSE-D; what it is computed from is in test_lip_sync_metric."""

from __future__ import annotations

import numpy as np

from avmeter.metrics.av.lip_sync_distance import LipSyncDistance
from avmeter.stats.lip_offset import LipOffset


def test_score_is_the_least_distance() -> None:
    """And lower is better."""
    assert LipSyncDistance().value(LipOffset(distance=7.0, confidence=5.0, offset=1, distances=np.zeros(31))) == 7
    assert LipSyncDistance.direction == "lower"
