"""MAUVE: how far two sets of embeddings are apart, from shares of clusters that are found in both together.

    rows of length 1 -> principal components with 90 % of the variance -> k-means -> histograms P, Q over clusters
    frontier over 0 < w < 1:  R = w P + (1 - w) Q,  (exp(-5 KL(Q|R)), exp(-5 KL(P|R)))
    MAUVE = area under it, mean of both orientations

Source: Pillutla et al., "MAUVE: Measuring the Gap Between Neural Text and Human Text using Divergence Frontiers" (2021)
and "MAUVE Scores for Generative Models" (JMLR 2023); krishnap25/mauve 0.4.0, `compute_mauve.py`, whose k-means is that
of faiss: other random numbers, and an empty cluster gets half of a large one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_pair

SCALING = 5.0
_EXPLAINED_VARIANCE = 0.9
_ROWS_PER_CLUSTER = 10
_NUM_STARTS = 5
_MAX_ITERATIONS = 500
_NUM_MIXTURES = 25
_BLOCK_ROWS = 4096

LabelArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Mauve:
    """Areas under divergence frontiers, 0 to 1; 1 for equal histograms.

    Attributes:
        score: Of the shares as they are.
        smoothed: With half a row more in every cluster on either side, which is less biased for few rows (MAUVE*).
        num_clusters: Bins of the histograms.
        num_dimensions: Principal components that were clustered.
    """

    score: float
    smoothed: float
    num_clusters: int
    num_dimensions: int


def mauve(
    *, generated: npt.ArrayLike, reference: npt.ArrayLike, num_clusters: int | None = None, seed: int = 25
) -> Mauve:
    """MAUVE of two sets of embeddings.

    Args:
        generated: Embeddings (N, D), N >= 2.
        reference: Embeddings (M, D), M >= 2.
        num_clusters: Clusters; default: a tenth of the smaller set, two at least.
        seed: Of the starts of k-means.

    Raises:
        StatsError: Too few rows, different dimensions, a row that is not finite or has length 0, fewer than two
            clusters or more of them than rows.
    """
    x, y = as_pair(generated, reference, minimum=2)
    if num_clusters is None:
        num_clusters = max(2, round(min(len(x), len(y)) / _ROWS_PER_CLUSTER))
    rows = np.concatenate([y, x])
    if not 2 <= num_clusters <= len(rows):
        raise StatsError(f"{num_clusters} clusters of {len(rows)} rows")
    components = principal_components(unit_rows(rows))
    labels = cluster(components, num_clusters, seed=seed)
    counts_y, counts_x = (
        np.bincount(part, minlength=num_clusters).astype(np.float64) for part in np.split(labels, [len(y)])
    )
    return Mauve(
        score=frontier_area(counts_x / len(x), counts_y / len(y)),
        smoothed=frontier_area(_shares(counts_x + 0.5), _shares(counts_y + 0.5)),
        num_clusters=num_clusters,
        num_dimensions=components.shape[1],
    )


def unit_rows(rows: FloatArray) -> FloatArray:
    """Return rows (N, D) with length 1.

    Raises:
        StatsError: A row has length 0.
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise StatsError(f"row {int(np.argmin(lengths))} has length 0: it has no direction")
    found: FloatArray = rows / lengths
    return found


def principal_components(rows: FloatArray) -> FloatArray:
    """Return the fewest principal components (N, C) that hold 90 % of the variance of rows (N, D); one at least."""
    centred = rows - rows.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    total = np.cumsum(lengths**2)
    if not total[-1]:
        return np.zeros((len(rows), 1))
    count = int(np.argmax(total / total[-1] >= _EXPLAINED_VARIANCE)) + 1
    found: FloatArray = centred @ axes[:count].T
    return found


def cluster(rows: FloatArray, num_clusters: int, *, seed: int) -> LabelArray:
    """Return the cluster (N,) of each row by k-means: the best of five starts from rows drawn at random.

    Args:
        rows: (N, D), N >= `num_clusters`.
        num_clusters: K.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    best, least = np.zeros(len(rows), np.int64), np.inf
    for _ in range(_NUM_STARTS):
        labels, error = _lloyd(rows, rows[random.choice(len(rows), num_clusters, replace=False)])
        if error < least:
            best, least = labels, error
    return best


def _lloyd(rows: FloatArray, centres: FloatArray) -> tuple[LabelArray, float]:
    """Return the labels (N,) and the sum of squared distances when nothing moves any more."""
    labels, distances = _nearest(rows, centres)
    for _ in range(_MAX_ITERATIONS):
        sums = np.stack([np.bincount(labels, axis, len(centres)) for axis in rows.T], axis=1)
        counts = np.bincount(labels, minlength=len(centres))
        # A centre that nobody is near moves to the row that is farthest from its own.
        empty = np.flatnonzero(counts == 0)
        sums[empty] = rows[np.argsort(distances, kind="stable")[::-1][: len(empty)]]
        centres = sums / np.maximum(counts, 1)[:, None]
        before = labels
        labels, distances = _nearest(rows, centres)
        if np.array_equal(labels, before):
            break
    return labels, float(distances.sum())


def _nearest(rows: FloatArray, centres: FloatArray) -> tuple[LabelArray, FloatArray]:
    """Return the nearest centre of each row, (N,), and the squared distance to it, (N,)."""
    labels, distances = np.empty(len(rows), np.int64), np.empty(len(rows))
    squares = np.einsum("kd,kd->k", centres, centres)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS]
        found = squares - 2 * (block @ centres.T)
        nearest = found.argmin(axis=1)
        labels[start : start + len(block)] = nearest
        own = np.take_along_axis(found, nearest[:, None], axis=1)[:, 0]
        distances[start : start + len(block)] = np.maximum(own + np.einsum("nd,nd->n", block, block), 0)
    return labels, distances


def frontier_area(generated: FloatArray, reference: FloatArray) -> float:
    """Return the area under the divergence frontier of two histograms (K,) that sum to 1; 1 if they are equal."""
    points = [(1.0, 0.0)]
    for weight in np.linspace(1e-6, 1 - 1e-6, _NUM_MIXTURES):
        mixture = weight * generated + (1 - weight) * reference
        points.append(
            (np.exp(-SCALING * _divergence(reference, mixture)), np.exp(-SCALING * _divergence(generated, mixture)))
        )
    x, y = np.array([*points, (0.0, 1.0)]).T
    return (_area(x, y) + _area(y, x)) / 2


def _area(x: FloatArray, y: FloatArray) -> float:
    order = np.lexsort((-y, x))  # where x is equal, the frontier falls
    return float(np.trapezoid(y[order], x[order]))


def _divergence(shares: FloatArray, mixture: FloatArray) -> float:
    """Return the Kullback-Leibler divergence of shares from a mixture that contains them, in nats."""
    held = shares > 0
    return float(np.sum(shares[held] * np.log(shares[held] / mixture[held])))


def _shares(counts: FloatArray) -> FloatArray:
    found: FloatArray = counts / counts.sum()
    return found
