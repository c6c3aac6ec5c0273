"""Confidence intervals of corpus scores by resampling clips.

Bias-corrected and accelerated intervals (Efron 1987) for a mean, for a ratio of sums (corpus word error rate:
errors over words) and for the difference of two runs over the same clips. The same values give the same
interval in any order, so it does not matter how a run was split. One clip has no interval: None.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_values

Method = Literal["bca", "percentile", "normal"]

_NORMAL = NormalDist()
_DRAWN_AT_ONCE = 4_000_000
#: Above it resampling changes nothing that is printed, and costs minutes: the normal interval is used.
LARGEST_RESAMPLED = 50_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        estimate: The statistic of all values.
        low: Lower end.
        high: Upper end.
        confidence: Nominal coverage, 0 to 1.
        count: Clips.
        method: How the ends were found: "bca", "percentile", or "normal" for more than 50,000 clips.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    count: int
    method: Method

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside the interval."""
        return not self.low <= value <= self.high


def mean_interval(
    values: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    method: Literal["bca", "percentile"] = "bca",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of the mean of values (N,), or None for a single value.

    Raises:
        StatsError: No values, one that is not finite, or a confidence outside (0, 1).
    """
    numbers = as_values(values, name="values", minimum=1)
    return ratio_interval(
        numbers, np.ones(len(numbers)), confidence=confidence, method=method, resamples=resamples, seed=seed
    )


def paired_difference_interval(
    *,
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    confidence: float = 0.95,
    method: Literal["bca", "percentile"] = "bca",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of mean(candidate - baseline) over the same clips in the same order, or None for one clip.

    Raises:
        StatsError: Different lengths, no values, or one that is not finite.
    """
    first = as_values(candidate, name="candidate", minimum=1)
    second = as_values(baseline, name="baseline", minimum=1)
    if len(first) != len(second):
        raise StatsError(f"runs do not pair up: candidate has {len(first)} clips, baseline {len(second)}")
    return mean_interval(first - second, confidence=confidence, method=method, resamples=resamples, seed=seed)


def ratio_interval(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    method: Literal["bca", "percentile"] = "bca",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of sum(numerators) / sum(denominators), or None for a single clip.

    Args:
        numerators: Per clip (N,), for example word errors.
        denominators: Per clip (N,), >= 0, for example reference words. Their sum must be above 0.
        confidence: Coverage, between 0 and 1.
        method: "bca", or "percentile" for the plain quantiles.
        resamples: Bootstrap samples, >= 100.
        seed: Of the resampling.

    Raises:
        StatsError: Different lengths, no values, a value that is not finite, a negative denominator or only
            zeros, or options out of range.
    """
    top = as_values(numerators, name="numerators", minimum=1)
    bottom = as_values(denominators, name="denominators", minimum=1)
    _check(top, bottom, confidence, resamples)
    count = len(top)
    if count < 2:
        return None
    # Sorted before anything is added up: even the last bit is then the same for any order.
    order = np.lexsort((bottom, top))
    top, bottom = top[order], bottom[order]
    estimate = float(top.sum() / bottom.sum())
    if count > LARGEST_RESAMPLED:
        low, high = _normal_ends(top, bottom, estimate, confidence)
        used: Method = "normal"
    else:
        replicates = _replicates(top, bottom, resamples, seed)
        levels = _levels(top, bottom, estimate, replicates, confidence, method)
        low, high = (float(end) for end in np.quantile(replicates, levels))
        used = method
    return Interval(estimate=estimate, low=low, high=high, confidence=confidence, count=count, method=used)


def _check(top: FloatArray, bottom: FloatArray, confidence: float, resamples: int) -> None:
    if len(top) != len(bottom):
        raise StatsError(f"{len(top)} numerators and {len(bottom)} denominators do not pair up")
    if bottom.min() < 0 or bottom.sum() <= 0:
        raise StatsError(
            f"denominators must be 0 or more with a sum above 0, got minimum {bottom.min():g} and sum {bottom.sum():g}"
        )
    if not 0 < confidence < 1:
        raise StatsError(f"confidence must lie between 0 and 1, got {confidence}")
    if resamples < 100:
        raise StatsError(f"needs at least 100 resamples, got {resamples}")


def _replicates(top: FloatArray, bottom: FloatArray, resamples: int, seed: int) -> FloatArray:
    """The statistic of each resample; one whose denominators are all 0 says nothing and is left out."""
    rng = np.random.default_rng(seed)
    count = len(top)
    constant = bool((bottom == bottom[0]).all())
    tops, bottoms = np.empty(resamples), np.full(resamples, count * bottom[0])
    step = max(_DRAWN_AT_ONCE // count, 1)
    for start in range(0, resamples, step):
        part = slice(start, min(start + step, resamples))
        chosen = rng.integers(count, size=(part.stop - part.start, count), dtype=np.int32)
        tops[part] = top[chosen].sum(axis=1)
        if not constant:
            bottoms[part] = bottom[chosen].sum(axis=1)
    defined = bottoms > 0
    result: FloatArray = tops[defined] / bottoms[defined]
    return result


def _levels(
    top: FloatArray,
    bottom: FloatArray,
    estimate: float,
    replicates: FloatArray,
    confidence: float,
    method: Method,
) -> tuple[float, float]:
    """Quantile levels of the two ends."""
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    below = float(np.mean(replicates < estimate) + np.mean(replicates == estimate) / 2)
    if method == "percentile" or not 0 < below < 1:
        return tails
    correction, acceleration = _NORMAL.inv_cdf(below), _acceleration(top, bottom)
    levels = []
    for tail in tails:
        shift = correction + _NORMAL.inv_cdf(tail)
        squeezed = 1 - acceleration * shift
        if squeezed <= 0:
            return tails
        levels.append(_NORMAL.cdf(correction + shift / squeezed))
    return levels[0], levels[1]


def _acceleration(top: FloatArray, bottom: FloatArray) -> float:
    """Skewness of the jackknife values over 6."""
    rest = bottom.sum() - bottom
    defined = rest > 0
    left_out = (top.sum() - top)[defined] / rest[defined]
    deviations = left_out.mean() - left_out
    spread = float(np.sum(deviations**2)) ** 1.5
    return float(np.sum(deviations**3)) / (6 * spread) if spread > 0 else 0.0


def _normal_ends(top: FloatArray, bottom: FloatArray, estimate: float, confidence: float) -> tuple[float, float]:
    """Delta method for a ratio of sums."""
    residuals = (top - estimate * bottom) / bottom.mean()
    error = float(np.sqrt(np.sum(residuals**2) / (len(top) - 1) / len(top)))
    half = _NORMAL.inv_cdf((1 + confidence) / 2) * error
    return estimate - half, estimate + half
