"""Sines and cosines of the place of a token, for networks whose positions are computed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def sinusoids(num_places: int, dim: int) -> Tensor:
    """Return (num_places, dim) float32: sines at even features and cosines at odd ones, slower from pair to pair.

    Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.5; in float64, as UMT and VideoMAE do.
    """
    place = np.arange(num_places)[:, None]
    feature = np.arange(dim)
    angle = place / np.power(10_000, 2 * (feature // 2) / dim)
    return torch.from_numpy(np.where(feature % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32))
