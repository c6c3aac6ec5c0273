"""Factors of covariance matrices: S = L L^T with as few columns as S has rank.

Everything that the Fréchet distance needs of two covariances A = L L^T and B = K K^T is the nuclear norm
(the sum of the singular values) of L^T K. With thin factors a set of N < D clips costs O(D N^2), not O(D^3),
no root of a singular matrix is taken, and nothing is ever complex.
"""

from __future__ import annotations

import numpy as np

from avmeter.stats.moments import Moments
from avmeter.stats.rows import FloatArray

_EPS = float(np.finfo(np.float64).eps)
_TOLERANCE = 1e-9


def covariance_factor(moments: Moments) -> FloatArray:
    """L (D, r) with covariance = L L^T, where r is the numerical rank, at most min(N - 1, D).

    Eigenvalues below D * 2.2e-16 of the largest, or below what rounding of the mean leaves, count as 0.
    """
    covariance = moments.covariance
    dim = len(covariance)
    bound = min(moments.count - 1, dim)
    floor = dim * float(8 * _EPS * np.abs(moments.mean).max(initial=0.0)) ** 2
    if bound == dim:
        factor = _full_rank_factor(covariance, floor)
        if factor is not None:
            return factor
    elif bound < dim // 2:
        return _pivoted_factor(covariance, bound, floor)
    return _eigen_factor(covariance, bound, floor)


def covariance_distance(generated: FloatArray, reference: FloatArray, *, tolerance: float = _TOLERANCE) -> float:
    """tr(A + B - 2 (A B)^(1/2)) from factors L (D, r) and K (D, s); rounding below 0 is 0.

    Args:
        generated: L.
        reference: K.
        tolerance: Error that is tolerated, as a share of tr(A + B).
    """
    traces = float(np.sum(generated**2) + np.sum(reference**2))
    return max(traces - 2.0 * nuclear_norm(generated.T @ reference, scale=traces, tolerance=tolerance), 0.0)


def nuclear_norm(matrix: FloatArray, *, scale: float, tolerance: float = _TOLERANCE) -> float:
    """Sum of the singular values of a matrix (r, s).

    Args:
        matrix: Any real matrix.
        scale: The size of what the result is subtracted from.
        tolerance: Error that is tolerated, as a share of `scale`.

    The eigenvalues of the smaller Gram matrix are three to five times as fast as singular values, but
    squaring costs the small ones their digits. Their error is bounded first; where it matters the singular
    values are computed.
    """
    if matrix.size == 0:
        return 0.0
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    eigenvalues = np.maximum(np.linalg.eigvalsh(gram), 0.0)
    noise = 8 * _EPS * float(eigenvalues[-1])
    if noise == 0.0:
        return float(np.sqrt(eigenvalues).sum())
    errors = np.minimum(np.sqrt(noise), noise / np.sqrt(np.maximum(eigenvalues, noise)))
    if float(errors.sum()) <= tolerance * scale:
        return float(np.sqrt(eigenvalues).sum())
    return float(np.linalg.svd(matrix, compute_uv=False).sum())


def _full_rank_factor(covariance: FloatArray, floor: float) -> FloatArray | None:
    try:
        factor: FloatArray = np.linalg.cholesky(covariance).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    pivots = np.diagonal(factor) ** 2
    # Without pivoting the smallest pivot only bounds the smallest eigenvalue from above: keep a wide margin.
    if pivots.min() <= max(1e3 * len(pivots) * _EPS * pivots.max(), floor):
        return None
    return factor


def _eigen_factor(covariance: FloatArray, bound: int, floor: float) -> FloatArray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    eigenvalues, vectors = eigenvalues[-bound:], vectors[:, -bound:]
    kept = eigenvalues > max(len(covariance) * _EPS * float(eigenvalues[-1]), floor)
    factor: FloatArray = vectors[:, kept] * np.sqrt(eigenvalues[kept])
    return factor


def _pivoted_factor(covariance: FloatArray, bound: int, floor: float) -> FloatArray:
    """Cholesky with diagonal pivoting, stopped at rank `bound`: O(D r^2)."""
    dim = len(covariance)
    factor = np.zeros((dim, bound))
    left = np.diagonal(covariance).copy()
    tolerance = max(dim * _EPS * float(left.max()), floor)
    for step in range(bound):
        pivot = int(np.argmax(left))
        if left[pivot] <= tolerance:
            return factor[:, :step]
        column = covariance[:, pivot] - factor[:, :step] @ factor[pivot, :step]
        factor[:, step] = column / np.sqrt(left[pivot])
        left -= factor[:, step] ** 2
        left[pivot] = 0.0
    return factor
