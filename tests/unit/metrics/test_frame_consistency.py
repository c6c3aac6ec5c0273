"""Consistency of frames."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.frame_consistency import frame_consistency
from avmeter.result import MetricResult


def consistency(*rows: list[float], where: str = "a") -> MetricResult:
    return frame_consistency("m", np.array(rows), {"num_frames": len(rows)}, where=where)


def test_frame_is_compared_with_the_one_before_and_the_first() -> None:
    """Lengths do not count, and opposite is not worse than unlike."""
    half = 0.5**0.5
    found = consistency([1, 0], [3, 3], [0, 2], [-1, 0])
    expected = [half, (half + 0) / 2, 0]
    assert found.details["per_frame"] == pytest.approx(expected)
    assert found.score == pytest.approx(np.mean(expected))
    assert found.details["num_frames"] == 4


def test_frames_that_are_alike_have_one() -> None:
    """Whatever the rounding."""
    assert consistency(*[[0.1, 0.7]] * 3).score == pytest.approx(1.0)


def test_single_frame_is_a_skip() -> None:
    """There is nothing to compare it with."""
    with pytest.raises(SkipError, match="clip 7: one frame") as caught:
        consistency([1, 0], where="clip 7")
    assert caught.value.code is SkipCode.TOO_SHORT
