"""Mean and covariance of embeddings, gathered in any order, in any number of parts.

Memory is one (D, D) matrix whatever the number of rows. Parts merge by the pairwise rule of Chan, Golub and
LeVeque (1979), in float64 and about the running mean, so that neither a large offset of float32 embeddings
nor the way the corpus was split shows in the result (order and split: 1e-9 relative).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_rows, blocks

_UPDATE_ROWS = 8192  # rows converted to float64 at once: 48 MiB at D = 768


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Count, mean and co-moment of rows that need not be kept.

    Attributes:
        count: Number of rows, N.
        mean: Mean (D,), float64. Shape (0,) as long as the dimension is unknown.
        comoment: Sum over rows of (x - mean)(x - mean)^T, (D, D), float64.

    Raises:
        StatsError: Shapes do not fit together, or an entry is not finite.
    """

    count: int
    mean: FloatArray
    comoment: FloatArray

    def __post_init__(self) -> None:
        dim = len(self.mean) if self.mean.ndim == 1 else -1
        if self.count < 0 or self.comoment.shape != (dim, dim):
            raise StatsError(
                f"moments do not fit together: count {self.count}, mean {self.mean.shape}, "
                f"comoment {self.comoment.shape}"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.comoment).all()):
            raise StatsError(f"moments of {self.count} rows are not finite")

    def __repr__(self) -> str:
        return f"Moments(count={self.count}, dim={self.dim})"

    @classmethod
    def empty(cls, dim: int | None = None) -> Moments:
        """No rows yet: the neutral element of `merge`. Without `dim` it takes the first dimension it meets."""
        size = dim or 0
        return cls(count=0, mean=np.zeros(size), comoment=np.zeros((size, size)))

    @classmethod
    def of(cls, rows: npt.ArrayLike) -> Moments:
        """Moments of rows (N, D).

        Raises:
            StatsError: Not two axes, or a row is not finite.
        """
        return cls.empty().update(rows)

    @classmethod
    def from_covariance(cls, *, count: int, mean: npt.ArrayLike, covariance: npt.ArrayLike) -> Moments:
        """From a published mean (D,) and unbiased covariance (D, D) of `count` >= 2 rows.

        Raises:
            StatsError: Shapes do not fit, an entry is not finite, `count` < 2, or the matrix is not symmetric.
        """
        if count < 2:
            raise StatsError(f"a covariance needs at least 2 rows, got {count}")
        matrix = np.asarray(covariance, dtype=np.float64)
        if matrix.ndim != 2 or not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-12):
            raise StatsError(f"covariance of shape {matrix.shape} is not symmetric")
        comoment = (matrix + matrix.T) * ((count - 1) / 2)
        return cls(count=count, mean=np.asarray(mean, dtype=np.float64), comoment=comoment)

    @property
    def dim(self) -> int | None:
        """Embedding dimension D, or None as long as nothing told it."""
        return len(self.mean) or None

    @property
    def covariance(self) -> FloatArray:
        """Unbiased covariance (D, D), divisor N - 1.

        Raises:
            StatsError: Fewer than two rows.
        """
        if self.count < 2:
            raise StatsError(f"a covariance needs at least 2 rows, got {self.count}")
        return self.comoment / (self.count - 1)

    def update(self, rows: npt.ArrayLike) -> Moments:
        """These moments and those of further rows (N, D).

        One call costs at least O(D^2): hand over many rows at once.

        Raises:
            StatsError: Not two axes, another dimension, or a row is not finite.
        """
        array = np.asarray(rows)
        if array.ndim != 2:
            raise StatsError(f"rows need two axes (count, dimension), got shape {array.shape}")
        total = self.merge(Moments.empty(array.shape[1]))
        for part in blocks(len(array), _UPDATE_ROWS):
            total = total.merge(_moments_of_block(as_rows(array[part], side="rows")))
        return total

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets of rows together. Associative and commutative up to rounding.

        Raises:
            StatsError: The dimensions differ.
        """
        if self.dim is not None and other.dim is not None and self.dim != other.dim:
            raise StatsError(f"moments of dimension {self.dim} and {other.dim} do not merge")
        if other.count == 0 and (other.dim is None or self.dim is not None):
            return self
        if self.count == 0:
            return other
        count = self.count + other.count
        delta = other.mean - self.mean
        comoment = self.comoment + other.comoment
        comoment += np.outer(delta, delta) * (self.count * other.count / count)
        return Moments(count=count, mean=self.mean + delta * (other.count / count), comoment=comoment)


def _moments_of_block(rows: FloatArray) -> Moments:
    mean = rows.mean(axis=0)
    centred = rows - mean
    # The mean is rounded; what that leaves in `centred` is taken out again (corrected two-pass algorithm).
    rest = centred.mean(axis=0)
    centred -= rest
    return Moments(count=len(rows), mean=mean + rest, comoment=centred.T @ centred)
