"""What every statistic asks of its rows: two axes, enough of them, finite, float64.

Shape letters in this package: `N` rows of the generated set, `M` rows of the reference set, `D` embedding
dimension, `C` classes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError

FloatArray = npt.NDArray[np.float64]

#: Rows handled at once where a statistic walks over pairs: 1024 x 4096 float64 is 32 MiB.
BLOCK_ROWS = 1024
BLOCK_COLUMNS = 4096


def as_rows(values: npt.ArrayLike, *, side: str, minimum: int = 0, unit: str = "embeddings") -> FloatArray:
    """Finite float64 rows (N, D).

    Args:
        values: Anything array-like with two axes, real numbers.
        side: Whose rows these are, for the message: "generated", "reference".
        minimum: Fewest rows that the statistic is defined for.
        unit: What a row stands for, for the message.

    Raises:
        StatsError: Not two axes, fewer than `minimum` rows, or a row with NaN or infinity.
    """
    rows = np.asarray(values)
    if rows.ndim != 2:
        raise StatsError(f"{side}: rows need two axes (count, dimension), got shape {rows.shape}")
    if rows.dtype.kind not in "fiub":
        raise StatsError(f"{side}: rows need real numbers, got dtype {rows.dtype}")
    require_count(len(rows), side=side, minimum=minimum, unit=unit)
    rows = rows.astype(np.float64, copy=False)
    _refuse_non_finite(rows, side)
    return rows


def as_pair(
    generated: npt.ArrayLike, reference: npt.ArrayLike, *, minimum: int = 2, unit: str = "embeddings"
) -> tuple[FloatArray, FloatArray]:
    """Both sides through `as_rows`, of one dimension.

    Raises:
        StatsError: As `as_rows`, or the dimensions differ.
    """
    generated_rows = as_rows(generated, side="generated", minimum=minimum, unit=unit)
    reference_rows = as_rows(reference, side="reference", minimum=minimum, unit=unit)
    if generated_rows.shape[1] != reference_rows.shape[1]:
        raise StatsError(f"dimensions differ: generated {generated_rows.shape[1]}, reference {reference_rows.shape[1]}")
    return generated_rows, reference_rows


def as_values(values: npt.ArrayLike, *, name: str, minimum: int = 0) -> FloatArray:
    """Finite float64 numbers (N,).

    Raises:
        StatsError: Not one axis, fewer than `minimum` values, or NaN or infinity among them.
    """
    numbers = np.asarray(values)
    if numbers.ndim != 1:
        raise StatsError(f"{name}: one axis expected, got shape {numbers.shape}")
    if numbers.size and numbers.dtype.kind not in "fiub":
        raise StatsError(f"{name}: real numbers expected, got dtype {numbers.dtype}")
    if len(numbers) < minimum:
        raise StatsError(f"{name}: needs at least {minimum} values, got {len(numbers)}")
    numbers = numbers.astype(np.float64, copy=False)
    bad = int(np.count_nonzero(~np.isfinite(numbers)))
    if bad:
        raise StatsError(f"{name}: {bad} of {len(numbers)} values are not finite")
    return numbers


def require_count(count: int, *, side: str, minimum: int, unit: str = "embeddings") -> None:
    """Refuse a side that is too small.

    Raises:
        StatsError: `count` is below `minimum`.
    """
    if count < minimum:
        raise StatsError(
            f"{side}: needs at least {minimum} {unit} per side, got {count}",
            hint="add clips, or use per-clip metrics",
        )


def blocks(length: int, size: int) -> Iterator[slice]:
    """Half-open slices of at most `size` that cover `range(length)` in order."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def squared_distances(x: FloatArray, y: FloatArray) -> FloatArray:
    """Squared Euclidean distances (N, M) between rows (N, D) and (M, D).

    Uses |a|^2 + |b|^2 - 2ab: centre both sets on one point first, or digits are lost. What is below the
    rounding of that sum is 0, so that copies of a row have distance 0 and not noise.
    """
    x_squares = np.einsum("nd,nd->n", x, x)
    y_squares = np.einsum("md,md->m", y, y)
    squares = x @ y.T
    squares *= -2.0
    squares += x_squares[:, None]
    squares += y_squares[None, :]
    noise = 16 * np.finfo(np.float64).eps * (x_squares.max(initial=0.0) + y_squares.max(initial=0.0))
    squares[squares <= noise] = 0.0
    return squares


def _refuse_non_finite(rows: FloatArray, side: str) -> None:
    # A NaN or an infinity survives a sum, so one pass without a mask settles the usual case.
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(rows.sum()):
            return
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise StatsError(f"{side}: {len(bad)} of {len(rows)} rows are not finite (first: row {bad[0]})")
