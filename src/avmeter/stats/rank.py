"""Rank correlation: whether one number rises with another, in whatever shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_values


def spearman_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Spearman's rank correlation, ties sharing their mean rank.

    Args:
        first: Values (N,), N >= 2.
        second: Values (N,).

    Returns:
        -1 to 1; 1 if the one rises with the other always.

    Raises:
        StatsError: Different lengths, fewer than two values, one that is not finite, or all values of a
            side equal: no correlation is defined.
    """
    x = as_values(first, name="first", minimum=2)
    y = as_values(second, name="second", minimum=2)
    if len(x) != len(y):
        raise StatsError(f"{len(x)} and {len(y)} values do not pair up")
    for name, values in (("first", x), ("second", y)):
        if (values == values[0]).all():
            raise StatsError(f"{name}: all {len(values)} values are {values[0]:g}, no correlation is defined")
    ranks_x, ranks_y = (ranks - ranks.mean() for ranks in (mean_ranks(x), mean_ranks(y)))
    correlation = float(ranks_x @ ranks_y / np.sqrt((ranks_x @ ranks_x) * (ranks_y @ ranks_y)))
    return min(max(correlation, -1.0), 1.0)


def mean_ranks(values: FloatArray) -> FloatArray:
    """Ranks (N,) from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2)[inverse]
    return ranks
