"""Cosines of embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.cosine import cosine, cosines, row_cosines


def test_cosine_depends_on_neither_length_nor_order() -> None:
    """Nor does it leave [-1, 1] by rounding."""
    assert cosine([3, 0], [5, 5], where="a") == pytest.approx(0.5**0.5)
    assert cosine([5, 5], [3, 0], where="a") == cosine([3, 0], [5, 5], where="a")
    rng = np.random.default_rng(0)
    for row in rng.standard_normal((100, 7)):
        assert -1 <= cosine(row, -3 * row, where="a") <= cosine(row, 3 * row, where="a") <= 1


def test_rows_are_compared_one_by_one() -> None:
    """(N, D) with (D,) is (N,)."""
    np.testing.assert_allclose(cosines([[1, 0], [0, 2], [-3, 0]], [2, 0], where="a"), [1, 0, -1])


def test_one_row_has_the_bits_that_it_has_among_others() -> None:
    """Whatever its length: the short way for two embeddings is the same arithmetic."""
    rng = np.random.default_rng(0)
    for dim in (1, 5, 8, 127, 129, 512, 1024):
        rows, vector = rng.standard_normal((50, dim)).astype(np.float32), rng.standard_normal(dim).astype(np.float32)
        assert [cosine(row, vector, where="a") for row in rows] == [cosines([r], vector, where="a")[0] for r in rows]


def test_rows_are_compared_pair_by_pair() -> None:
    """(N, D) with (N, D) is (N,)."""
    np.testing.assert_allclose(row_cosines([[1, 0], [0, 2]], [[3, 0], [4, 0]], where="a"), [1, 0])


@pytest.mark.parametrize("bad", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_embedding_without_a_direction_is_a_skip_that_names_the_sample(bad: list[float]) -> None:
    """On either side; no NaN, no 0 in place of a score."""
    for pair in ((bad, [1, 0]), ([1, 0], bad)):
        with pytest.raises(SkipError, match="clip 7") as caught:
            cosine(*pair, where="clip 7")
        assert caught.value.code == SkipCode.NON_FINITE
