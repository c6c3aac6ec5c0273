"""Matching of events on a line."""

from __future__ import annotations

import numpy as np

from avmeter.stats.matching import count_matches


def test_matching_is_the_largest_possible() -> None:
    """Greedy by time equals trying everything."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        onsets, peaks = (np.sort(rng.uniform(0, 1, rng.integers(0, 5))) for _ in range(2))
        assert count_matches(onsets, peaks, tolerance_s=0.15) == _largest(list(onsets), list(peaks))


def _largest(onsets: list[float], peaks: list[float]) -> int:
    if not onsets or not peaks:
        return 0
    rest = _largest(onsets[1:], peaks)
    pairs = [1 + _largest(onsets[1:], peaks[:j] + peaks[j + 1 :]) for j in range(len(peaks))
             if abs(onsets[0] - peaks[j]) < 0.15]  # fmt: skip
    return max([rest, *pairs])
