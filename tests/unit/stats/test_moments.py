"""Moments gather mean and covariance in any order and number of parts."""

import pickle

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.moments import Moments


def test_large_offset_in_float32_keeps_small_variances() -> None:
    """Variances of 1e-4 about a mean of 1000, from float32 rows, are positive and right to 1%."""
    rows = (np.random.default_rng(1).standard_normal((20000, 4)) * 0.01 + 1000).astype(np.float32)
    variances = np.diagonal(Moments.of(rows).covariance)
    np.testing.assert_allclose(variances, [9.88e-5, 9.95e-5, 9.91e-5, 1.007e-4], rtol=0.01)


def test_covariance_is_the_unbiased_one() -> None:
    """The divisor is N - 1, as numpy.cov has it."""
    rows = np.random.default_rng(0).standard_normal((30, 5))
    moments = Moments.of(rows)
    np.testing.assert_allclose(moments.covariance, np.cov(rows, rowvar=False), rtol=1e-12)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-12, atol=1e-15)
    assert moments.count == 30
    assert moments.dim == 5


def test_rows_in_many_blocks_equal_rows_at_once() -> None:
    """More rows than one block holds give the covariance of them all."""
    rows = np.random.default_rng(0).standard_normal((20000, 3)) + 5
    np.testing.assert_allclose(Moments.of(rows).covariance, np.cov(rows, rowvar=False), rtol=1e-11)


def test_empty_without_dimension_takes_that_of_the_first_rows() -> None:
    """A state that never saw a row merges with anything, from either side."""
    moments = Moments.of([[1.0, 2.0], [3.0, 5.0]])
    for merged in (Moments.empty().merge(moments), moments.merge(Moments.empty()), Moments.empty(2).merge(moments)):
        assert merged.count == 2
        np.testing.assert_array_equal(merged.comoment, moments.comoment)
    assert Moments.empty().dim is None
    assert Moments.empty().merge(Moments.empty(7)).dim == 7
    assert Moments.empty().update(np.zeros((0, 4))).dim == 4


def test_moments_survive_pickling() -> None:
    """A worker can send its part home."""
    moments = Moments.of(np.random.default_rng(0).standard_normal((4, 3)))
    copy = pickle.loads(pickle.dumps(moments))  # noqa: S301
    assert copy.count == 4
    np.testing.assert_array_equal(copy.comoment, moments.comoment)


def test_published_mean_and_covariance_come_back() -> None:
    """Statistics that a paper ships can stand for the reference set."""
    rows = np.random.default_rng(0).standard_normal((10, 3))
    moments = Moments.from_covariance(count=10, mean=rows.mean(axis=0), covariance=np.cov(rows, rowvar=False))
    np.testing.assert_allclose(moments.comoment, Moments.of(rows).comoment, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Moments.of([1.0, 2.0]), "two axes"),
        (lambda: Moments.of([[1.0], [np.nan], [np.inf]]), "2 of 3 rows are not finite"),
        (lambda: Moments.of([[1.0]]).covariance, "at least 2 rows, got 1"),
        (lambda: Moments.of([[1.0]]).merge(Moments.empty(2)), "dimension 1 and 2"),
        (lambda: Moments.of([[1.0]]).update([[1.0, 2.0]]), "dimension 1 and 2"),
        (lambda: Moments(count=1, mean=np.zeros(2), comoment=np.zeros((3, 3))), "do not fit"),
        (lambda: Moments(count=1, mean=np.array([np.nan]), comoment=np.zeros((1, 1))), "not finite"),
        (lambda: Moments.from_covariance(count=1, mean=[0.0], covariance=[[1.0]]), "at least 2"),
        (lambda: Moments.from_covariance(count=9, mean=[0, 0], covariance=[[1, 2], [0, 1]]), "symmetric"),
        (lambda: Moments.of([["a"], ["b"]]), "real numbers"),
    ],
)
def test_impossible_moments_are_refused(make, message) -> None:
    """What cannot be gathered is an error with the numbers in it, never a NaN later."""
    with pytest.raises(StatsError, match=message):
        make()
