"""Cosine of two embeddings, as a score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError


def cosine(first: npt.ArrayLike, second: npt.ArrayLike, *, where: str) -> float:
    """Cosine in [-1, 1] of vectors (D,).

    Args:
        first: One embedding.
        second: The other, of the same size.
        where: The sample's id, for the message.

    Raises:
        SkipError: An embedding is not finite, or has no direction.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    if not np.isfinite(length) or length == 0.0:
        raise SkipError(SkipCode.NON_FINITE, f"{where}: an embedding is not finite or has length 0")
    return float(np.clip(a @ b / length, -1.0, 1.0))
