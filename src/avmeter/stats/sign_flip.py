"""Intervals of paired differences that are exact for equal systems, whatever the distribution of the scores.

If two systems are equal, each difference of a pair could as well have the other sign. The means over all subsets of
the differences then cut the line into pieces that hold the true difference with equal probability (Hartigan's typical
values), which is the sign-flip permutation test turned into an interval: normal scores, skewed ones and heavy tails
keep the level, and ties make it narrower than it may be, never wider. Up to 12 pairs all subsets are taken, above that
random ones, which are exact too. With fewer than six pairs no such interval reaches 95%: the signs of five differences
agree by chance in every sixteenth draw.

Differences with a skewed distribution about 0, which equal systems do not have, are covered less often at small N.

Source: Hartigan, "Using Subsample Values as Typical Values" (1969).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.bootstrap import LARGEST_RESAMPLED, Interval, ratio_interval
from avmeter.stats.clusters import sums_by_cluster
from avmeter.stats.rows import FloatArray, as_values

_ALL_SUBSETS_UP_TO = 12
_RANDOM_SUBSETS = 3999
_DRAWN_AT_ONCE = 4_000_000
# Sums of differences that cancel leave a rest of this size, which is no difference.
_ROUNDING = 1e-12


def fewest_pairs(confidence: float = 0.95) -> int:
    """Return from how many pairs (or clusters of pairs) on there is an interval of this confidence."""
    return math.ceil(math.log2(2 / (1 - confidence)) - 1e-9)


def paired_interval(
    differences: npt.ArrayLike,
    denominators: npt.ArrayLike | None = None,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Interval of sum(differences) / sum(denominators), or None for fewer than `fewest_pairs` pairs or clusters.

    Args:
        differences: Per pair (N,), candidate minus baseline; for a ratio of sums those of the numerators.
        denominators: Per pair (N,), >= 0, the same for both systems (words of a text). None is 1 each: the mean.
        clusters: Label of the cluster of each pair, such as its prompt; they are flipped together. None is each alone.
        confidence: Coverage, between 0 and 1.
        seed: Of the random subsets.

    Raises:
        StatsError: Lengths differ, no values, a value that is not finite, a negative denominator or only zeros.
    """
    top = as_values(differences, name="differences", minimum=1)
    bottom = np.ones(len(top)) if denominators is None else as_values(denominators, name="denominators", minimum=1)
    _check(top, bottom, confidence)
    tops, bottoms = sums_by_cluster(top, bottom, clusters)
    if len(tops) < fewest_pairs(confidence):
        return None
    if len(tops) > LARGEST_RESAMPLED:
        return ratio_interval(top, bottom, clusters=clusters, confidence=confidence)
    ratios = np.sort(_subset_ratios(tops, bottoms, seed))
    num_outside = max(math.floor((1 - confidence) / 2 * (len(ratios) + 1) + 1e-9), 1)
    return Interval(
        estimate=float(tops.sum() / bottoms.sum()),
        low=float(ratios[num_outside - 1]),
        high=float(ratios[-num_outside]),
        confidence=confidence,
        count=len(top),
        num_clusters=None if clusters is None else len(tops),
        method="sign_flip",
    )


def _check(top: FloatArray, bottom: FloatArray, confidence: float) -> None:
    if len(top) != len(bottom):
        raise StatsError(f"{len(top)} differences and {len(bottom)} denominators do not pair up")
    if bottom.min() < 0 or bottom.sum() <= 0:
        raise StatsError(f"denominators must be 0 or more with a sum above 0, got a sum of {bottom.sum():g}")
    if not 0 < confidence < 1:
        raise StatsError(f"confidence must lie between 0 and 1, got {confidence}")


def _subset_ratios(tops: FloatArray, bottoms: FloatArray, seed: int) -> FloatArray:
    """Return the ratio over each subset; one whose denominators are all 0 says nothing and is left out."""
    count = len(tops)
    if count <= _ALL_SUBSETS_UP_TO:
        members = np.arange(1, 2**count)[:, None] >> np.arange(count) & 1
        sums, weights = members @ tops, members @ bottoms
    else:
        sums, weights = _random_subset_sums(tops, bottoms, np.random.default_rng(seed))
    defined = weights > 0
    ratios: FloatArray = sums[defined] / weights[defined]
    ratios[np.abs(ratios) <= _ROUNDING * np.abs(tops).sum() / bottoms.sum()] = 0.0
    return ratios


def _random_subset_sums(
    tops: FloatArray, bottoms: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return sums (B,) of both over random subsets that hold each pair with probability 1/2."""
    sums, weights = np.empty(_RANDOM_SUBSETS), np.empty(_RANDOM_SUBSETS)
    step = max(_DRAWN_AT_ONCE // len(tops), 1)
    for start in range(0, _RANDOM_SUBSETS, step):
        part = slice(start, min(start + step, _RANDOM_SUBSETS))
        members = rng.integers(2, size=(part.stop - part.start, len(tops)), dtype=np.int8).astype(np.float64)
        sums[part], weights[part] = members @ tops, members @ bottoms
    return sums, weights
