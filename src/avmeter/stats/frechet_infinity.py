"""Fréchet distance extrapolated to infinitely many generated clips.

The bias falls as 1/N where N is well above the dimension, so a line through distances at several N,
continued to 1/N = 0, is nearly free of it (Chong and Forsyth 2020; for audio Gui et al. 2024). The bias that
comes from the size of the reference stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.factor import covariance_distance, covariance_factor
from avmeter.stats.moments import Moments
from avmeter.stats.rows import FloatArray, as_rows, require_count


@dataclass(frozen=True, kw_only=True)
class FrechetExtrapolation:
    """The intercept of a line through (1/N, distance).

    Attributes:
        value: Distance at 1/N = 0. It can be a little below 0.
        standard_error: Of the intercept, from the residuals of the fit alone: the subsets overlap, so the
            uncertainty due to the choice of clips is not in it.
        slope: Of the line, per 1/N.
        r_squared: Share of the variance that the line explains; well below 1 says do not use the value.
        subset_distances: (N, distance) of every subset, by increasing N.
        dim: Embedding dimension, D.
    """

    value: float
    standard_error: float
    slope: float
    r_squared: float
    subset_distances: tuple[tuple[int, float], ...]
    dim: int

    @property
    def has_fewer_clips_than_dimensions(self) -> bool:
        """Whether a subset has N <= D. The curve then bends, and the intercept is still too high."""
        return self.subset_distances[0][0] <= self.dim


def frechet_infinity(
    *,
    generated: npt.ArrayLike,
    reference: Moments,
    smallest: int | None = None,
    num_subsets: int = 15,
    seed: int = 0,
) -> FrechetExtrapolation:
    """Extrapolate the Fréchet distance in 1/N over random subsets of the generated clips.

    Args:
        generated: Embeddings (N, D).
        reference: Moments of all M >= 2 reference embeddings; used whole at every point.
        smallest: Clips of the smallest subset, >= 2. Default: a fifth of N.
        num_subsets: Subset sizes, >= 3, evenly spaced from `smallest` to N.
        seed: Of the choice of subsets.

    Raises:
        StatsError: The dimensions differ, or N leaves fewer than three subset sizes.

    Source: Chong and Forsyth 2020, section 4, with plain random subsets, each drawn without replacement.
    """
    rows = as_rows(generated, side="generated", minimum=4)
    require_count(reference.count, side="reference", minimum=2)
    count, dim = rows.shape
    if dim != reference.dim:
        raise StatsError(f"dimensions differ: generated {dim}, reference {reference.dim}")
    first = max(count // 5, 2) if smallest is None else smallest
    if first < 2 or num_subsets < 3:
        raise StatsError(f"needs subsets of at least 2 clips and 3 of them, got {first} and {num_subsets}")
    sizes = np.unique(np.linspace(first, count, num_subsets).astype(int))
    if first >= count or len(sizes) < 3:
        raise StatsError(f"{count} clips give no three subset sizes from {first} upwards")
    reference_factor = covariance_factor(reference)
    rng = np.random.default_rng(seed)
    distances = []
    for size in sizes:
        subset = Moments.of(rows[rng.permutation(count)[:size]])
        mean_term = float(np.sum((subset.mean - reference.mean) ** 2))
        distances.append((int(size), mean_term + covariance_distance(covariance_factor(subset), reference_factor)))
    return _fit(distances, dim)


def _fit(distances: list[tuple[int, float]], dim: int) -> FrechetExtrapolation:
    x: FloatArray = np.array([1.0 / size for size, _ in distances])
    y: FloatArray = np.array([distance for _, distance in distances])
    spread = float(np.sum((x - x.mean()) ** 2))
    slope = float(np.sum((x - x.mean()) * (y - y.mean()))) / spread
    intercept = float(y.mean() - slope * x.mean())
    residual = float(np.sum((y - intercept - slope * x) ** 2))
    total = float(np.sum((y - y.mean()) ** 2))
    variance = residual / (len(x) - 2) * (1 / len(x) + float(x.mean()) ** 2 / spread)
    return FrechetExtrapolation(
        value=intercept,
        standard_error=float(np.sqrt(variance)),
        slope=slope,
        r_squared=1.0 - residual / total if total > 0 else 1.0,
        subset_distances=tuple(distances),
        dim=dim,
    )
