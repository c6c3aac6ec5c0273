"""Quantiles of Student's t, for intervals from few values."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_SERIES_UP_TO = 200  # degrees of freedom; above it the expansion below is exact to nine digits
_STEPS = 200


def student_quantile(probability: float, degrees: int) -> float:
    """Return the value below which a share `probability` of Student's t lies.

    Args:
        probability: Between 0 and 1.
        degrees: Degrees of freedom, >= 1.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4 (the series of whole
    degrees, inverted by bisection), 26.7.5 (the expansion about the normal quantile).
    """
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    if degrees > _SERIES_UP_TO:
        return _expansion(_NORMAL.inv_cdf(probability), degrees)
    central, low, high = 2 * probability - 1, 0.0, math.pi / 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _central_probability(middle, degrees) < central:
            low = middle
        else:
            high = middle
    return math.tan(low) * math.sqrt(degrees)


def _central_probability(angle: float, degrees: int) -> float:
    """Return the probability of |t| below tan(angle) sqrt(degrees)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = 0.0
    for k in range(degrees // 2):
        total += term
        term *= cosine**2 * ((2 * k + 2) / (2 * k + 3) if is_odd else (2 * k + 1) / (2 * k + 2))
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total


def _expansion(normal: float, degrees: int) -> float:
    z = normal
    return (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )
