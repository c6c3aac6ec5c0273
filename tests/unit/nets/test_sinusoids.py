"""Positions that are computed."""

from __future__ import annotations

import math

import pytest

from avmeter.nets.sinusoids import sinusoids


def test_pairs_of_features_turn_more_slowly_one_after_the_other() -> None:
    """Sine, cosine, and the same again at a hundredth of the speed, of a width of four."""
    row = sinusoids(3, 4)[2].tolist()
    assert row == pytest.approx([math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)])
