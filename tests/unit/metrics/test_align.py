"""AV-Align: peaks and their matching."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.av.align import AvAlign, count_matches, motion_peaks
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

TIMES = np.arange(20) / 10


def given(onsets: list[float], moving: list[int]) -> FeatureSet:
    magnitude = np.zeros(20)
    magnitude[moving] = 1.0
    return FeatureSet(
        {
            "onsets": Features(arrays={"times_s": np.array(onsets)}),
            "motion": Features(arrays={"times_s": TIMES, "magnitude": magnitude}),
        }
    )


@pytest.mark.parametrize(
    ("onsets", "moving", "expected"),
    [
        ([0.5, 1.0], [5, 10], 1.0),
        ([0.5, 1.0], [5, 15], 1 / 3),
        ([0.55], [5], 1.0),
        ([0.65], [5], 0.0),
        ([0.48, 0.52], [5], 1 / 2),
        ([0.5], [], 0.0),
        ([], [5], 0.0),
    ],
    ids=["all", "one of two", "within a frame", "beyond a frame", "one peak for two onsets", "no motion", "no sound"],
)
def test_score_is_intersection_over_union(onsets: list[float], moving: list[int], expected: float) -> None:
    """Every peak is claimed once; less than one frame apart is a match."""
    result = AvAlign().score(Sample(id="a"), given(onsets, moving))
    assert result.score == pytest.approx(expected)
    assert (result.details["num_onsets"], result.details["num_motion_peaks"]) == (len(onsets), len(moving))


def test_nothing_on_both_sides_is_a_skip() -> None:
    """There is nothing to align, which is not a 0."""
    with pytest.raises(SkipError) as caught:
        AvAlign().score(Sample(id="a"), given([], []))
    assert caught.value.code == SkipCode.NO_EVENTS


def test_rounding_is_no_motion() -> None:
    """Peaks below a thousandth of a pixel do not count."""
    magnitude = np.array([0.0, 5e-4, 0.0, 0.5, 0.0])
    assert motion_peaks(TIMES[:5], magnitude).tolist() == [0.3]


def test_matching_is_the_largest_possible() -> None:
    """Greedy by time equals trying everything."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        first, second = (np.sort(rng.uniform(0, 1, rng.integers(0, 5))) for _ in range(2))
        assert count_matches(first, second, tolerance=0.15) == _largest(list(first), list(second))


def _largest(first: list[float], second: list[float]) -> int:
    if not first or not second:
        return 0
    rest = _largest(first[1:], second)
    pairs = [1 + _largest(first[1:], second[:j] + second[j + 1 :]) for j in range(len(second))
             if abs(first[0] - second[j]) < 0.15]  # fmt: skip
    return max([rest, *pairs])
