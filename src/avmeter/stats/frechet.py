"""Fréchet distance between two sets of embeddings, each summarised by its mean and covariance.

The squared 2-Wasserstein distance between Gaussians (Dowson and Landau 1982; as a score of generated media:
Heusel et al. 2017, for audio Kilgour et al. 2019). It is biased upwards, by more than most differences
between models when there are fewer clips than dimensions: read it beside
`avmeter.stats.frechet_bias.expected_bias`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avmeter.errors import StatsError
from avmeter.stats.factor import covariance_distance, covariance_factor
from avmeter.stats.moments import Moments
from avmeter.stats.rows import FloatArray, require_count


@dataclass(frozen=True, kw_only=True)
class FrechetResult:
    """A Fréchet distance and what it was computed from.

    Attributes:
        distance: >= 0, in squared units of the embedding; lower is better; 0 for equal moments.
        mean_term: |m - n|^2, the part due to the means.
        covariance_term: tr(A + B - 2 (A B)^(1/2)), the rest.
        generated_count: Generated clips, N.
        reference_count: Reference clips, M.
        dim: Embedding dimension, D.
        generated_rank: Numerical rank of the generated covariance, before any diagonal offset.
        reference_rank: The same of the reference.
    """

    distance: float
    mean_term: float
    covariance_term: float
    generated_count: int
    reference_count: int
    dim: int
    generated_rank: int
    reference_rank: int

    @property
    def has_fewer_clips_than_dimensions(self) -> bool:
        """Whether a covariance cannot have full rank: N or M is at most D, and the bias is large."""
        return min(self.generated_count, self.reference_count) <= self.dim


def frechet_distance(*, generated: Moments, reference: Moments, diagonal_offset: float = 0.0) -> FrechetResult:
    """Squared 2-Wasserstein distance between Gaussians with these moments.

        |m - n|^2 + tr(A + B - 2 (A B)^(1/2))

    Args:
        generated: Moments of N >= 2 embeddings.
        reference: The same, over the reference corpus.
        diagonal_offset: Added to both diagonals, >= 0. Only to reproduce tools that do so.

    Returns:
        The distance, exact also where the covariances are singular (N < D).

    Raises:
        StatsError: Fewer than two clips on a side, the dimensions differ, or the offset is negative.

    Source: Dowson and Landau 1982, eq. 4. Differs from FastVideo (1e-6 on both diagonals always, which
    lowers the score by up to 4e-3 at D = 768) and av-benchmark (the same where the root is not finite;
    a failure becomes -1), and from both in using no general matrix root.
    """
    require_count(generated.count, side="generated", minimum=2)
    require_count(reference.count, side="reference", minimum=2)
    dim = generated.dim
    if dim is None or dim != reference.dim:
        raise StatsError(f"dimensions differ: generated {dim}, reference {reference.dim}")
    if not (np.isfinite(diagonal_offset) and diagonal_offset >= 0):
        raise StatsError(f"diagonal offset must be 0 or more, got {diagonal_offset}")
    generated_factor = covariance_factor(generated)
    reference_factor = covariance_factor(reference)
    mean_term = float(np.sum((generated.mean - reference.mean) ** 2))
    if diagonal_offset:
        offset = diagonal_offset
        covariance_term = covariance_distance(
            _offset_factor(generated.covariance, offset), _offset_factor(reference.covariance, offset)
        )
    elif np.array_equal(generated.covariance, reference.covariance):
        covariance_term = 0.0
    else:
        covariance_term = covariance_distance(generated_factor, reference_factor)
    return FrechetResult(
        distance=mean_term + covariance_term,
        mean_term=mean_term,
        covariance_term=covariance_term,
        generated_count=generated.count,
        reference_count=reference.count,
        dim=dim,
        generated_rank=generated_factor.shape[1],
        reference_rank=reference_factor.shape[1],
    )


def _offset_factor(covariance: FloatArray, offset: float) -> FloatArray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    factor: FloatArray = vectors * np.sqrt(np.maximum(eigenvalues, 0.0) + offset)
    return factor
