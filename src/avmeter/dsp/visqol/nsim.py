"""NSIM: structural similarity of two patches of spectrograms, after Hines and Harte (2012)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avmeter.dsp.visqol.gammatone import FloatArray

_SIDE, _CENTRE, _CORNER = 0.0838251475442633, 0.619485845753726, 0.0113033910173052  # Gaussian of 3x3, sigma 0.5
_C1, _C3 = 0.01**2, 0.03**2 / 2


@dataclass(frozen=True, kw_only=True)
class Smoothed:
    """Patches (..., bands, frames) with their local means and variances.

    Attributes:
        patches: Decibels.
        means: Of the 3x3 values around each.
        variances: Of the same, with rounding.
    """

    patches: FloatArray
    means: FloatArray
    variances: FloatArray

    @classmethod
    def of(cls, patches: FloatArray) -> Smoothed:
        """Compute means and variances."""
        means = _smooth(patches)
        return cls(patches=patches, means=means, variances=_smooth(patches * patches) - means * means)


def similarity(reference: Smoothed, generated: Smoothed) -> FloatArray:
    """Return the similarity (..., bands, frames) of patches; either side may be one for many of the other."""
    product = reference.means * generated.means
    covariance = _smooth(reference.patches * generated.patches) - product
    intensity = (2 * product + _C1) / (reference.means**2 + generated.means**2 + _C1)
    variances = reference.variances * generated.variances
    spread = np.sqrt(np.maximum(variances, 0)) + _C3  # below 0 by rounding
    likeness: FloatArray = intensity * (covariance + _C3) / spread
    return likeness


def _smooth(values: FloatArray) -> FloatArray:
    """Weight the 3x3 values around each, the border repeated."""
    padded = np.pad(values, [*[(0, 0)] * (values.ndim - 2), (1, 1), (1, 1)], mode="edge")
    outer = padded[..., :-2, :] + padded[..., 2:, :]
    inner = padded[..., 1:-1, :]
    around: FloatArray = _CORNER * (outer[..., :-2] + outer[..., 2:]) + _SIDE * (
        outer[..., 1:-1] + inner[..., :-2] + inner[..., 2:]
    )
    return around + _CENTRE * inner[..., 1:-1]
