"""Median distance within a set, exact and without holding all distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from avmeter.stats.rows import BLOCK_ROWS, FloatArray, as_rows, blocks, squared_distances

_HELD_PAIRS = 4_000_000  # 32 MB of float64; above it the median is searched in passes
_BINS = 1 << 16


def median_distance(rows: npt.ArrayLike) -> float:
    """Lower median of the Euclidean distances between different rows.

    Args:
        rows: Embeddings (N, D), N >= 2.

    Returns:
        The element number (P - 1) // 2 of the P = N (N - 1) / 2 sorted distances, as torch.median takes it.

    Raises:
        StatsError: Fewer than two rows, or one that is not finite.
    """
    embeddings = as_rows(rows, side="reference", minimum=2)
    embeddings = embeddings - embeddings.mean(axis=0)
    pairs = len(embeddings) * (len(embeddings) - 1) // 2
    rank = (pairs - 1) // 2
    low, high = 0.0, 4.0 * float(np.einsum("nd,nd->n", embeddings, embeddings).max()) * (1 + 1e-12)
    while pairs > _HELD_PAIRS and high - low > 1e-12 * high:
        below, low, high, pairs = _narrowed(embeddings, rank, low, high)
        rank -= below
    held = np.concatenate([part[(part >= low) & (part <= high)] for part in _squares(embeddings)])
    return float(np.sqrt(np.partition(held, rank)[rank]))


def _narrowed(embeddings: FloatArray, rank: int, low: float, high: float) -> tuple[int, float, float, int]:
    """The bin that holds the element `rank` of [low, high]: how many lie below it, its ends, its count."""
    counts = np.zeros(_BINS, dtype=np.int64)
    edges = np.linspace(low, high, _BINS + 1)
    for part in _squares(embeddings):
        inside = part[(part >= low) & (part <= high)]
        counts += np.histogram(inside, bins=edges)[0]
    cumulated = np.cumsum(counts)
    chosen = int(np.searchsorted(cumulated, rank, side="right"))
    below = int(cumulated[chosen] - counts[chosen])
    return below, float(edges[chosen]), float(edges[chosen + 1]), int(counts[chosen])


def _squares(embeddings: FloatArray) -> Iterator[FloatArray]:
    """Squared distances of every pair once, in blocks."""
    parts = list(blocks(len(embeddings), BLOCK_ROWS))
    for k, i in enumerate(parts):
        own = squared_distances(embeddings[i], embeddings[i])
        yield own[np.triu_indices(len(own), 1)]
        for j in parts[k + 1 :]:
            yield squared_distances(embeddings[i], embeddings[j]).ravel()
