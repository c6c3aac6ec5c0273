"""Laws of `Moments`: what must hold for any rows and any way to split them."""

import functools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from avmeter.stats.moments import Moments
from support.strategies import SEEDS


def draw_rows(seed: int, count: int, dim: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, dim)) * rng.uniform(0.01, 10, dim) + rng.uniform(-1000, 1000, dim)


def assert_same(actual: Moments, expected: Moments) -> None:
    assert actual.count == expected.count
    assert actual.dim == expected.dim
    if actual.dim is None:
        return
    spread = np.abs(expected.comoment).max(initial=0.0)
    np.testing.assert_allclose(actual.mean, expected.mean, rtol=1e-9, atol=1e-9)
    # A single row has no spread of its own: what is left is rounding of its size.
    np.testing.assert_allclose(actual.comoment, expected.comoment, rtol=0, atol=1e-9 * spread + 1e-16)


@given(seed=SEEDS, counts=st.lists(st.integers(0, 40), min_size=3, max_size=3), dim=st.integers(1, 6))
def test_merge_is_associative_and_commutative(seed, counts, dim) -> None:
    """Workers may finish and combine in any order."""
    a, b, c = (Moments.of(draw_rows(seed + i, count, dim)) for i, count in enumerate(counts))
    assert_same(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert_same(a.merge(b), b.merge(a))


@given(seed=SEEDS, count=st.integers(0, 30), dim=st.integers(1, 5))
def test_empty_is_neutral(seed, count, dim) -> None:
    """A worker that got nothing changes nothing, not even a bit."""
    moments = Moments.of(draw_rows(seed, count, dim))
    for empty in (Moments.empty(), Moments.empty(dim)):
        for merged in (moments.merge(empty), empty.merge(moments)):
            assert merged.count == moments.count
            np.testing.assert_array_equal(merged.comoment, moments.comoment)
            np.testing.assert_array_equal(merged.mean, moments.mean)


@settings(max_examples=50)
@given(
    seed=SEEDS,
    dim=st.integers(1, 6),
    cuts=st.lists(st.integers(0, 60), max_size=8),
)
def test_shards_in_any_order_equal_the_whole(seed, dim, cuts) -> None:
    """However 60 rows are cut and shuffled, mean and covariance agree to 1e-9."""
    rows = draw_rows(seed, 60, dim)
    order = np.random.default_rng(seed).permutation(60)
    parts = np.split(rows[order], sorted(cuts))
    merged = functools.reduce(Moments.merge, (Moments.of(part) for part in parts), Moments.empty())
    assert_same(merged, Moments.of(rows))
    assert np.linalg.eigvalsh(merged.covariance)[0] >= -1e-9 * np.trace(merged.covariance)
