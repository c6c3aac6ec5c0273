"""Sums of clips that belong together: clips of one prompt or speaker are one draw, not several."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray


def sums_by_cluster(
    numerators: FloatArray, denominators: FloatArray, clusters: Sequence[Hashable] | None
) -> tuple[FloatArray, FloatArray]:
    """Return the sums (K,) of numerators and denominators (N,) over each cluster, or every clip where there is none.

    The sums are sorted, and added up in sorted order: the same clips in any order give them to the last bit.

    Raises:
        StatsError: There is not one label for each clip.
    """
    order = np.lexsort((denominators, numerators))
    top, bottom = numerators[order], denominators[order]
    if clusters is None:
        return top, bottom
    if len(clusters) != len(numerators):
        raise StatsError(f"{len(numerators)} clips and {len(clusters)} labels of clusters do not pair up")
    codes = {label: code for code, label in enumerate(dict.fromkeys(clusters))}
    labels = np.array([codes[label] for label in clusters], dtype=np.int64)[order]
    tops, bottoms = np.zeros(len(codes)), np.zeros(len(codes))
    np.add.at(tops, labels, top)
    np.add.at(bottoms, labels, bottom)
    by_value = np.lexsort((bottoms, tops))
    return tops[by_value], bottoms[by_value]
