"""Cosine of embeddings, as a score."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError


def cosine(a: npt.ArrayLike, b: npt.ArrayLike, *, where: str) -> float:
    """Return the cosine, in [-1, 1], of two embeddings (D,).

    Args:
        a: Either of them; the cosine is symmetric.
        b: The other.
        where: The sample's id, for the message.

    Raises:
        SkipError: An embedding is not finite, or has no direction.
    """
    # What `cosines` computes of one row, to the bit, without the cost of an axis.
    row, vector = np.asarray(a, np.float64), np.asarray(b, np.float64)
    length = math.sqrt(np.add.reduce(row * row)) * math.sqrt(vector.dot(vector))
    if not (math.isfinite(length) and length):
        raise SkipError(SkipCode.NON_FINITE, f"{where}: an embedding is not finite or has length 0")
    return min(max(float((row[None] @ vector)[0]) / length, -1.0), 1.0)


def cosines(rows: npt.ArrayLike, vector: npt.ArrayLike, *, where: str) -> npt.NDArray[np.float64]:
    """Return the cosines (N,), in [-1, 1], of each row of (N, D) with one vector (D,).

    Raises:
        SkipError: An embedding is not finite, or has no direction.
    """
    a, b = np.asarray(rows, np.float64), np.asarray(vector, np.float64)
    return _over_lengths(a @ b, np.linalg.norm(a, axis=1) * np.linalg.norm(b), where)


def row_cosines(rows: npt.ArrayLike, others: npt.ArrayLike, *, where: str) -> npt.NDArray[np.float64]:
    """Return the cosines (N,), in [-1, 1], of each row of (N, D) with the row of that number of another (N, D).

    Raises:
        SkipError: An embedding is not finite, or has no direction.
    """
    a, b = np.asarray(rows, np.float64), np.asarray(others, np.float64)
    products = np.einsum("nd,nd->n", a, b)
    return _over_lengths(products, np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), where)


def _over_lengths(
    products: npt.NDArray[np.float64], lengths: npt.NDArray[np.float64], where: str
) -> npt.NDArray[np.float64]:
    if not np.isfinite(lengths).all() or not lengths.all():
        raise SkipError(SkipCode.NON_FINITE, f"{where}: an embedding is not finite or has length 0")
    found: npt.NDArray[np.float64] = np.clip(products / lengths, -1.0, 1.0)
    return found
