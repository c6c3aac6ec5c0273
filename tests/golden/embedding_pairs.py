"""Pairs of sets of embeddings (generated, reference), the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
DIM = 24


def _mixture(count: int, shares: list[float], seed: int) -> np.ndarray:
    """Rows around as many centres as there are shares, (N, 24) float32."""
    centres = 2 * np.random.RandomState(0).standard_normal((len(shares), DIM))
    random = np.random.RandomState(seed)
    modes = random.choice(len(shares), size=count, p=shares)
    return (centres[modes] + random.standard_normal((count, DIM))).astype(np.float32)


def pairs() -> Mapping[str, Pair]:
    """Return name -> pair."""
    even = [0.25] * 4
    return {
        "alike": (_mixture(300, even, 1), _mixture(300, even, 2)),
        "a_mode_missing": (_mixture(300, [1 / 3, 1 / 3, 1 / 3, 0], 3), _mixture(300, even, 4)),
        "skewed": (_mixture(240, [0.7, 0.1, 0.1, 0.1], 5), _mixture(400, even, 6)),
        "moved": (_mixture(300, even, 7) + 1.5, _mixture(300, even, 8)),
        "small": (_mixture(30, even, 9), _mixture(40, even, 10)),
    }
