"""Confidence intervals of means and corpus scores by resampling clips, or clusters of clips.

Bias-corrected and accelerated intervals (Efron 1987) for a mean and for a ratio of sums (corpus word error rate:
errors over words). Resampling few values never reaches beyond them, so that plain intervals of ten clips miss the
truth twice as often as they say. Below 10 clips "auto" therefore takes Student's t, and from there on the levels of the
bootstrap are widened to what t asks for (Hesterberg 2015), which makes no difference for many clips.

Clips of one cluster, such as the seeds of one prompt, are resampled together. The same values give the same interval in
any order, so it does not matter how a run was split. One clip, or one cluster, has no interval: None.

Source: Efron, "Better Bootstrap Confidence Intervals" (1987); Hesterberg, "What Teachers Should Know About the
Bootstrap" (2015), section 5.3.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.clusters import sums_by_cluster
from avmeter.stats.rows import FloatArray, as_values
from avmeter.stats.student import student_quantile

Method = Literal["t", "expanded_bca", "bca", "percentile", "normal", "sign_flip", "influence"]
Choice = Literal["auto", "t", "expanded_bca", "bca", "percentile"]

_NORMAL = NormalDist()
_DRAWN_AT_ONCE = 4_000_000
#: Above it resampling changes nothing that is printed, and costs minutes: the normal interval is used.
LARGEST_RESAMPLED = 50_000
#: From this many clips or clusters on "auto" resamples; below it, it takes Student's t.
FEWEST_RESAMPLED = 10


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        estimate: The statistic of all values.
        low: Lower end.
        high: Upper end.
        confidence: Nominal coverage, 0 to 1.
        count: Clips.
        method: How the ends were found: "t", "expanded_bca", "bca", "percentile", "normal" for more than 50,000 clips,
            "sign_flip" (`avmeter.stats.sign_flip`), or "influence" (`avmeter.stats.influence_interval`).
        num_clusters: Clusters of clips that were resampled together; None where each clip stands alone.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    count: int
    method: Method
    num_clusters: int | None = None

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside the interval."""
        return not self.low <= value <= self.high


def mean_interval(
    values: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
    method: Choice = "auto",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of the mean of values (N,), or None for a single value or cluster; arguments as `ratio_interval`.

    Raises:
        StatsError: No values, one that is not finite, or a confidence outside (0, 1).
    """
    numbers = as_values(values, name="values", minimum=1)
    return ratio_interval(
        numbers,
        np.ones(len(numbers)),
        confidence=confidence,
        clusters=clusters,
        method=method,
        resamples=resamples,
        seed=seed,
    )


def paired_difference_interval(
    *,
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    confidence: float = 0.95,
    method: Choice = "auto",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of mean(candidate - baseline) over the same clips in the same order, or None for one clip.

    Raises:
        StatsError: Different lengths, no values, or one that is not finite.
    """
    after = as_values(candidate, name="candidate", minimum=1)
    before = as_values(baseline, name="baseline", minimum=1)
    if len(after) != len(before):
        raise StatsError(f"runs do not pair up: candidate has {len(after)} clips, baseline {len(before)}")
    return mean_interval(after - before, confidence=confidence, method=method, resamples=resamples, seed=seed)


def ratio_interval(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
    method: Choice = "auto",
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Interval of sum(numerators) / sum(denominators), or None for a single clip or cluster.

    Args:
        numerators: Per clip (N,), for example word errors.
        denominators: Per clip (N,), >= 0, for example reference words. Their sum must be above 0.
        confidence: Coverage, between 0 and 1.
        clusters: Label of the cluster of each clip, such as its prompt; None is each clip alone.
        method: "auto", "t" (Student's, by the delta method), "expanded_bca", "bca", or "percentile" for the plain
            quantiles.
        resamples: Bootstrap samples, >= 100.
        seed: Of the resampling.

    Raises:
        StatsError: Different lengths, no values, a value that is not finite, a negative denominator or only
            zeros, or options out of range.
    """
    top = as_values(numerators, name="numerators", minimum=1)
    bottom = as_values(denominators, name="denominators", minimum=1)
    _check(top, bottom, confidence, resamples)
    tops, bottoms = sums_by_cluster(top, bottom, clusters)
    if len(tops) < 2:
        return None
    estimate = float(tops.sum() / bottoms.sum())
    used = _method(method, len(tops))
    if used in ("normal", "t"):
        half = _quantile(used, len(tops), confidence) * _standard_error(tops, bottoms, estimate)
        low, high = estimate - half, estimate + half
    else:
        replicates = _replicates(tops, bottoms, resamples, seed)
        levels = _levels(tops, bottoms, estimate, replicates, _tails(used, len(tops), confidence))
        low, high = (float(end) for end in np.quantile(replicates, levels))
    return Interval(
        estimate=estimate,
        low=low,
        high=high,
        confidence=confidence,
        count=len(top),
        method=used,
        num_clusters=None if clusters is None else len(tops),
    )


def _method(choice: Choice, count: int) -> Method:
    if count > LARGEST_RESAMPLED:
        return "normal"
    if choice != "auto":
        return choice
    return "t" if count < FEWEST_RESAMPLED else "expanded_bca"


def _quantile(method: Method, count: int, confidence: float) -> float:
    probability = (1 + confidence) / 2
    return _NORMAL.inv_cdf(probability) if method == "normal" else student_quantile(probability, count - 1)


def _tails(method: Method, count: int, confidence: float) -> _Tails:
    """Return what the quantile levels are made from."""
    low = (1 - confidence) / 2
    if method == "expanded_bca":
        # Resampled means spread by sqrt((n - 1) / n) too little, and a normal quantile is short of Student's.
        low = _NORMAL.cdf(-math.sqrt(count / (count - 1)) * student_quantile(1 - low, count - 1))
    return _Tails(low=low, high=1 - low, is_corrected=method != "percentile")


@dataclass(frozen=True, kw_only=True)
class _Tails:
    """Quantile levels before correction, and whether they are corrected for bias and acceleration."""

    low: float
    high: float
    is_corrected: bool


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
    top: FloatArray, bottom: FloatArray, estimate: float, replicates: FloatArray, tails: _Tails
) -> tuple[float, float]:
    """Quantile levels of the two ends."""
    plain = tails.low, tails.high
    below = float(np.mean(replicates < estimate) + np.mean(replicates == estimate) / 2)
    if not tails.is_corrected or not 0 < below < 1:
        return plain
    correction, acceleration = _NORMAL.inv_cdf(below), _acceleration(top, bottom)
    levels = []
    for tail in plain:
        shift = correction + _NORMAL.inv_cdf(tail)
        squeezed = 1 - acceleration * shift
        if squeezed <= 0:
            return plain
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


def _standard_error(top: FloatArray, bottom: FloatArray, estimate: float) -> float:
    """Delta method for a ratio of sums."""
    residuals = (top - estimate * bottom) / bottom.mean()
    return float(np.sqrt(np.sum(residuals**2) / (len(top) - 1) / len(top)))
