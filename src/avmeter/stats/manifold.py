"""Fidelity and diversity of a set of embeddings apart, from nearest neighbours.

A set's manifold is the union of balls about its members, each as wide as the distance to the k-th nearest
other member. Precision and recall: Kynkäänniemi et al. 2019. Density and coverage, which one outlier does not
upset: Naeem et al. 2020. Distances are walked block by block; memory is O(block * (N + M)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_pair, blocks, squared_distances

_BLOCK_ROWS = 256


@dataclass(frozen=True, kw_only=True)
class ManifoldScores:
    """Four shares; for all of them higher is better.

    Attributes:
        precision: Share of generated clips inside the reference manifold, 0 to 1.
        recall: Share of reference clips inside the generated manifold, 0 to 1.
        density: Mean number of reference balls that hold a generated clip, over k; about 1 for equal
            distributions, and not bounded by 1.
        coverage: Share of reference clips whose ball holds a generated clip, 0 to 1.
        neighbours: k.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    neighbours: int


def manifold_scores(*, generated: npt.ArrayLike, reference: npt.ArrayLike, neighbours: int = 5) -> ManifoldScores:
    """Precision, recall, density and coverage of the generated set.

    Args:
        generated: Embeddings (N, D), N > `neighbours`.
        reference: Embeddings (M, D), M > `neighbours`.
        neighbours: k, >= 1.

    Raises:
        StatsError: Too few clips for k, different dimensions, or a row that is not finite.

    Source: Naeem et al. 2020, section 3; as in their prdc package a clip on the rim of a ball is outside.
    """
    if neighbours < 1:
        raise StatsError(f"needs at least 1 neighbour, got {neighbours}")
    x, y = as_pair(generated, reference, minimum=neighbours + 1)
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    generated_radii, reference_radii = _squared_radii(x, neighbours), _squared_radii(y, neighbours)
    balls_holding = np.zeros(len(x), dtype=np.int64)
    recalled, covered = 0, 0
    for part in blocks(len(y), _BLOCK_ROWS):
        squares = squared_distances(y[part], x)
        inside_reference = squares < reference_radii[part, None]
        balls_holding += inside_reference.sum(axis=0)
        covered += int(np.count_nonzero(inside_reference.any(axis=1)))
        recalled += int(np.count_nonzero((squares < generated_radii).any(axis=1)))
    return ManifoldScores(
        precision=float(np.mean(balls_holding > 0)),
        recall=recalled / len(y),
        density=float(balls_holding.mean()) / neighbours,
        coverage=covered / len(y),
        neighbours=neighbours,
    )


def _squared_radii(embeddings: FloatArray, neighbours: int) -> FloatArray:
    """Squared distance (N,) of each row to its k-th nearest other row."""
    radii = np.empty(len(embeddings))
    for part in blocks(len(embeddings), _BLOCK_ROWS):
        squares = squared_distances(embeddings[part], embeddings)
        squares[np.arange(len(squares)), np.arange(part.start, part.stop)] = np.inf
        radii[part] = np.partition(squares, neighbours - 1, axis=1)[:, neighbours - 1]
    return radii
