"""What every statistic asks of its rows, in the words of its errors."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.rows import as_pair, as_rows, as_values, blocks, require_count, squared_distances

REFUSED = [
    (np.ones(3), "two axes"),
    (np.ones((1, 2, 3)), "two axes"),
    (np.array([["a", "b"]]), "real numbers"),
    (np.ones((3, 2), complex), "real numbers"),
    (np.ones((1, 2)), "at least 2 embeddings per side, got 1"),
    ([[1.0, 2.0], [np.nan, 0.0], [0.0, np.inf]], r"2 of 3 rows are not finite \(first: row 1\)"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED)
def test_rows_that_no_statistic_can_use_are_refused(values: object, message: str) -> None:
    """The message names the side and what is wrong with it."""
    with pytest.raises(StatsError, match=f"generated: .*{message}"):
        as_rows(values, side="generated", minimum=2)


def test_rows_of_any_real_type_become_float64() -> None:
    """Integers, booleans and half precision are numbers; float64 is not copied."""
    for dtype in (np.int8, np.bool_, np.float16, np.float32):
        rows = as_rows(np.ones((2, 3), dtype), side="generated")
        assert rows.dtype == np.float64
        assert (rows == 1).all()
    same = np.ones((2, 3))
    assert np.shares_memory(as_rows(same, side="generated"), same)


def test_large_finite_rows_are_finite() -> None:
    """A sum that overflows is no infinity in the rows."""
    assert as_rows(np.full((4, 2), 1e308), side="generated").max() == 1e308


def test_pair_needs_one_dimension() -> None:
    """Embeddings of different networks do not compare."""
    with pytest.raises(StatsError, match="dimensions differ: generated 3, reference 4"):
        as_pair(np.ones((2, 3)), np.ones((2, 4)))


@pytest.mark.parametrize(
    ("values", "message"),
    [([[1.0]], "one axis"), (["a"], "real numbers"), ([1.0], "at least 2 values, got 1"), ([1.0, np.nan], "1 of 2")],
)
def test_values_that_no_statistic_can_use_are_refused(values: object, message: str) -> None:
    """As rows, with one axis."""
    with pytest.raises(StatsError, match=f"scores: .*{message}"):
        as_values(values, name="scores", minimum=2)


def test_too_few_clips_come_with_what_to_do() -> None:
    """The side, the counts and a hint."""
    require_count(5, side="reference", minimum=5)
    with pytest.raises(StatsError, match="reference: needs at least 5 embeddings per side, got 4") as caught:
        require_count(4, side="reference", minimum=5)
    assert "add clips" in caught.value.hint


@pytest.mark.parametrize(("length", "size"), [(0, 4), (3, 4), (4, 4), (9, 4)])
def test_blocks_cover_every_row_once_and_in_order(length: int, size: int) -> None:
    """Nothing is left out at the end, and no block is larger than asked for."""
    parts = [list(range(length))[part] for part in blocks(length, size)]
    assert [row for part in parts for row in part] == list(range(length))
    assert all(0 < len(part) <= size for part in parts)


def test_squared_distances_are_those_of_every_pair() -> None:
    """Against the plain formula; copies of a row are at exactly 0."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    expected = ((x[:, None] - y[None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(squared_distances(x, y), expected, rtol=1e-12)
    assert (np.diagonal(squared_distances(x, x)) == 0.0).all()
