"""Rank correlation: whether one number rises with another, in whatever shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_values


def spearman_correlation(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Spearman's rank correlation, ties sharing their mean rank.

    Args:
        x: Values (N,), N >= 2.
        y: Values (N,).

    Returns:
        -1 to 1; 1 if the one rises with the other always.

    Raises:
        StatsError: Different lengths, fewer than two values, one that is not finite, or all values of a
            side equal: no correlation is defined.
    """
    values = {"x": as_values(x, name="x", minimum=2), "y": as_values(y, name="y", minimum=2)}
    num_x, num_y = map(len, values.values())
    if num_x != num_y:
        raise StatsError(f"{num_x} and {num_y} values do not pair up")
    for name, column in values.items():
        if (column == column[0]).all():
            raise StatsError(f"{name}: all {num_x} values are {column[0]:g}, no correlation is defined")
    ranks_x, ranks_y = (ranks - ranks.mean() for ranks in map(mean_ranks, values.values()))
    correlation = float(ranks_x @ ranks_y / np.sqrt((ranks_x @ ranks_x) * (ranks_y @ ranks_y)))
    return min(max(correlation, -1.0), 1.0)


def mean_ranks(values: FloatArray) -> FloatArray:
    """Ranks (N,) from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2)[inverse]
    return ranks
