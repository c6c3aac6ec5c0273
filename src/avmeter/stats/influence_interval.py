"""Intervals of the difference of two scores of sets, from what each clip adds to either score.

To first order a statistic of a set is a sum over its clips, each of which adds its influence on it over their number
(`avmeter.stats.frechet_influence` for the Fréchet distance). The difference of two sets is then a sum over clips as
well, and where both sets have a clip, what it adds to the one and to the other is one term: pairs whose clips resemble
each other make the interval narrow. Clips of one cluster, such as the seeds of one prompt, are one term. The standard
error is that of a sum of such terms, the interval Student's about the difference as it was measured.

It covers the difference that sets of this size are expected to have, against the reference set as it is: a bias that
both sets share is not in it, and which clips the reference set consists of is not drawn again.

Source: Hampel, "The Influence Curve and its Role in Robust Estimation" (1974).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import numpy as np

from avmeter.errors import StatsError
from avmeter.stats.bootstrap import Interval
from avmeter.stats.clusters import sums_by_cluster
from avmeter.stats.rows import as_values
from avmeter.stats.student import student_quantile

FEWEST_TERMS = 10
"""From this many clips (or clusters) on there is an interval."""


def influence_interval(
    difference: float,
    *,
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    clusters: Mapping[str, Hashable] | None = None,
    confidence: float = 0.95,
) -> Interval | None:
    """Interval of the difference of two scores of sets, or None for fewer than `FEWEST_TERMS` clips or clusters.

    Args:
        difference: Score of the candidate minus that of the baseline.
        candidate: Clip -> what it adds to the score of the candidate, to first order; about 0 on the whole.
        baseline: The same of the baseline; a clip that has the same name is the other half of its pair.
        clusters: Clip -> its cluster; those that are not in it stand alone. None is each clip alone.
        confidence: Coverage, between 0 and 1.

    Raises:
        StatsError: A value is not finite, or the confidence is out of range.
    """
    if not 0 < confidence < 1:
        raise StatsError(f"confidence must lie between 0 and 1, got {confidence}")
    clips = sorted(candidate.keys() | baseline.keys())
    if not clips:
        return None
    added = as_values([candidate.get(c, 0.0) - baseline.get(c, 0.0) for c in clips], name="influences", minimum=1)
    labels = None if clusters is None else [clusters.get(c, ("alone", c)) for c in clips]
    terms, _ = sums_by_cluster(added, np.ones(len(added)), labels)
    if len(terms) < FEWEST_TERMS:
        return None
    error = math.sqrt(float(np.sum(terms**2)) * len(terms) / (len(terms) - 1))
    half = student_quantile((1 + confidence) / 2, len(terms) - 1) * error
    return Interval(
        estimate=difference,
        low=difference - half,
        high=difference + half,
        confidence=confidence,
        count=len(clips),
        num_clusters=None if clusters is None else len(terms),
        method="influence",
    )
