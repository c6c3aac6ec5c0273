"""Kernel distances against the plain formula, their error against repeated draws."""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats import kernel
from avmeter.stats.kernel import (
    gaussian_kernel,
    kernel_audio_distance,
    kernel_inception_distance,
    mmd_squared,
    polynomial_kernel,
)


def plain_mmd(x, y, function) -> float:
    xx = [function(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    yy = [function(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    xy = [function(a, b) for a in x for b in y]
    return float(np.mean(xx) + np.mean(yy) - 2 * np.mean(xy))


@pytest.fixture
def sets() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((23, 4)), rng.standard_normal((17, 4)) + 0.3


def test_value_is_the_mean_over_pairs_of_different_clips(sets, monkeypatch) -> None:
    """Whatever the blocks, the estimate is the textbook's, for both kernels."""
    monkeypatch.setattr(kernel, "BLOCK_ROWS", 5)
    monkeypatch.setattr(kernel, "BLOCK_COLUMNS", 7)
    x, y = sets
    cubic = mmd_squared(generated=x, reference=y, kernel=polynomial_kernel(dim=4))
    assert cubic.value == pytest.approx(plain_mmd(x, y, lambda a, b: (a @ b / 4 + 1) ** 3), rel=1e-11)
    gauss = mmd_squared(generated=x, reference=y, kernel=gaussian_kernel(bandwidth=1.7))
    expected = plain_mmd(x, y, lambda a, b: np.exp(-np.sum((a - b) ** 2) / (2 * 1.7**2)))
    assert gauss.value == pytest.approx(expected, rel=1e-11)


def test_bandwidth_is_the_median_of_the_reference_alone(sets) -> None:
    """A generator cannot widen the kernel: its clips do not enter the bandwidth."""
    x, y = sets
    distances = sorted(np.linalg.norm(a - b) for i, a in enumerate(y) for b in y[:i])
    expected = distances[(len(distances) - 1) // 2]
    for generated in (x, 100 * x):
        assert kernel_audio_distance(generated=generated, reference=y).bandwidth == pytest.approx(expected)


def test_audio_distance_is_a_hundred_times_the_discrepancy(sets) -> None:
    """The scale is the published one."""
    x, y = sets
    result = kernel_audio_distance(generated=x, reference=y, bandwidth=1.7)
    plain = mmd_squared(generated=x, reference=y, kernel=gaussian_kernel(bandwidth=1.7))
    assert result.distance.value == pytest.approx(100 * plain.value)
    assert result.distance.standard_error == pytest.approx(100 * plain.standard_error)


def test_equal_distributions_may_score_below_zero() -> None:
    """A negative value stays, and its interval covers 0."""
    rng = np.random.default_rng(0)
    results = []
    for _ in range(20):
        rows = rng.standard_normal((200, 16))
        results.append(kernel_audio_distance(generated=rows[:100], reference=rows[100:]).distance)
    negative = [r for r in results if r.value < 0]
    assert 4 <= len(negative) <= 16
    for result in negative[:3]:
        low, high = result.interval()
        assert low < 0 < high


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_standard_error_matches_repeated_draws(shift) -> None:
    """It is the spread of the estimate over new samples, up to a third too wide for equal distributions."""
    rng = np.random.default_rng(1)
    values, errors = [], []
    for _ in range(150):
        result = mmd_squared(
            generated=rng.standard_normal((40, 6)) + shift,
            reference=rng.standard_normal((80, 6)),
            kernel=polynomial_kernel(dim=6),
        )
        values.append(result.value)
        errors.append(result.standard_error)
    ratio = np.sqrt(np.mean(np.square(errors))) / np.std(values)
    assert 0.85 < ratio < 1.45


def test_three_clips_have_a_value_and_no_error() -> None:
    """Too few clips for an error give None, not a number."""
    rows = np.random.default_rng(0).standard_normal((3, 2))
    result = mmd_squared(generated=rows, reference=rows + 1, kernel=polynomial_kernel(dim=2))
    assert result.standard_error is None
    assert result.interval() is None


def test_identical_reference_clips_have_no_bandwidth() -> None:
    """A kernel of width 0 is refused with the reason."""
    with pytest.raises(StatsError, match="median distance between its 4 embeddings is 0"):
        kernel_audio_distance(generated=np.ones((4, 2)) * 0.3, reference=np.ones((4, 2)) * 0.1)


def test_single_clips_and_nan_are_refused() -> None:
    """The message counts."""
    with pytest.raises(StatsError, match="needs at least 2 embeddings per side, got 1"):
        kernel_inception_distance(generated=np.ones((1, 2)), reference=np.ones((4, 2)))
    with pytest.raises(StatsError, match="1 of 4 rows"):
        kernel_audio_distance(generated=np.ones((4, 1)), reference=np.array([[1.0], [np.nan], [0.0], [2.0]]))
    with pytest.raises(StatsError, match="subset of 2 embeddings, got 0 of 4"):
        kernel_inception_distance(generated=np.ones((4, 2)), reference=np.ones((4, 2)), subsets=0)
    with pytest.raises(StatsError, match="above 0, got 0"):
        gaussian_kernel(bandwidth=0.0)
