"""How two lines of values go together when one is shifted against the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError

FloatArray = npt.NDArray[np.float64]


def lagged_correlation(one: FloatArray, other: FloatArray, *, start: int = 0, reach: int) -> FloatArray:
    """Return Pearson's correlation of `one[k]` and `other[start + k + lag]` for lags from -reach to reach.

    Args:
        one: (T,).
        other: (N,), of which at every lag only what lies beside `one` counts.
        start: Where in `other` the first value of `one` lies.
        reach: Most steps of a lag.

    Returns:
        (2 * reach + 1,), -1 to 1; NaN at a lag at which fewer than 2 values overlap or one of the lines is constant.

    Raises:
        StatsError: A line is empty or not finite.
    """
    if not len(one) or not len(other) or not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise StatsError(f"lines of {len(one)} and {len(other)} values: need one or more, all finite")
    found = np.full(2 * reach + 1, np.nan)
    for lag in range(-reach, reach + 1):
        begin, end = max(0, -start - lag), min(len(one), len(other) - start - lag)
        if end - begin >= 2:
            found[lag + reach] = _correlation(one[begin:end], other[start + begin + lag : start + end + lag])
    return found


def _correlation(one: FloatArray, other: FloatArray) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float(np.clip((one * other).sum() / size, -1, 1)) if size > 0 else float("nan")
