"""Which clips make a Fréchet distance large.

The influence function of the distance: the rate at which it rises when weight is moved to one clip. With
delta the difference of the means, and T the optimal transport map from the generated Gaussian A to the
reference Gaussian B (T A T = B), for a clip at x = mean + z

    influence(x) = 2 delta . z + |z|^2 - z^T T z - (the mean of the last two terms)

divided by N. For N well above D this is what leaving the clip out would change, to first order (correlation
with the exact leave-one-out change above 0.99 at N = 10 D). For N <= D the clips carry the covariance
together and the number is a ranking only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.factor import covariance_factor
from avmeter.stats.moments import Moments
from avmeter.stats.rows import FloatArray, as_rows, require_count


def frechet_contributions(*, generated: npt.ArrayLike, reference: Moments) -> FloatArray:
    """How much each generated clip raises the Fréchet distance, to first order.

    Args:
        generated: Embeddings (N, D), N >= 2.
        reference: Moments of M >= 2 reference embeddings.

    Returns:
        (N,) in units of the distance; their sum is 0. Large and positive: the distance would fall by about
        this much without the clip.

    Raises:
        StatsError: Fewer than two clips on a side, or the dimensions differ.
    """
    rows = as_rows(generated, side="generated", minimum=2)
    require_count(reference.count, side="reference", minimum=2)
    if rows.shape[1] != reference.dim:
        raise StatsError(f"dimensions differ: generated {rows.shape[1]}, reference {reference.dim}")
    mean = rows.mean(axis=0)
    centred = rows - mean
    linear = 2.0 * centred @ (mean - reference.mean)
    quadratic = np.einsum("nd,nd->n", centred, centred) - _transported(centred, covariance_factor(reference))
    influence: FloatArray = (linear + quadratic - quadratic.mean()) / len(rows)
    return influence


def _transported(centred: FloatArray, reference_factor: FloatArray) -> FloatArray:
    """z^T T z for every centred row z, without inverting the generated covariance.

    With A = V s^2 V^T and z = sqrt(N - 1) V s u it is (N - 1) u^T (s V^T B V s)^(1/2) u.
    """
    freedom = len(centred) - 1
    scaled = centred / np.sqrt(freedom)
    if len(scaled) > scaled.shape[1]:
        # T z = V s^-1 (...)^(1/2) s^-1 V^T z needs only the (D, D) eigenbasis, not N singular vectors.
        eigenvalues, vectors = np.linalg.eigh(scaled.T @ scaled)
        kept = eigenvalues > scaled.shape[1] * np.finfo(np.float64).eps * eigenvalues[-1]
        scale, vectors = np.sqrt(eigenvalues[kept]), vectors[:, kept]
        left = scaled @ vectors / scale
    else:
        left, scale, vectors_t = np.linalg.svd(scaled, full_matrices=False)
        kept = scale > len(scaled) * np.finfo(np.float64).eps * scale[0]
        left, scale, vectors = left[:, kept], scale[kept], vectors_t[kept].T
    root = _half_power(scale[:, None] * (vectors.T @ reference_factor))
    transported: FloatArray = freedom * np.einsum("nk,kl,nl->n", left, root, left, optimize=True)
    return transported


def _half_power(factor: FloatArray) -> FloatArray:
    """(F F^T)^(1/2) for F (r, s)."""
    vectors, values, _ = np.linalg.svd(factor, full_matrices=False)
    power: FloatArray = (vectors * values) @ vectors.T
    return power
