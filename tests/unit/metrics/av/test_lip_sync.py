"""LSE-C; what it is computed from is in test_lip_sync_metric."""

from __future__ import annotations

import numpy as np

from avmeter.metrics.av.lip_sync import LipSync
from avmeter.stats.lip_offset import LipOffset


def test_score_is_the_confidence() -> None:
    """And higher is better."""
    assert LipSync().value(LipOffset(distance=7.0, confidence=5.0, offset=1, distances=np.zeros(31))) == 5
    assert LipSync.direction == "higher"
