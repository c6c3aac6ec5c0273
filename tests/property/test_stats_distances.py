"""Laws of set distances: identity, symmetry, invariances, growth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avmeter.stats.frechet import frechet_distance
from avmeter.stats.kernel import gaussian_kernel, kernel_audio_distance, mmd_squared, polynomial_kernel
from avmeter.stats.manifold import manifold_scores
from avmeter.stats.moments import Moments
from support.strategies import COUNTS, DIMS, SEEDS


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    return frechet_distance(generated=Moments.of(x), reference=Moments.of(y)).distance


def draw_sets(seed: int, n: int, m: int, dim: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Two sets, and the size of the numbers that a distance is the difference of."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dim)) * rng.uniform(0.1, 3, dim) + rng.uniform(-2, 2, dim)
    y = rng.standard_normal((m, dim)) * rng.uniform(0.1, 3, dim)
    return x, y, float(x.var(axis=0, ddof=1).sum() + y.var(axis=0, ddof=1).sum())


def rotation(seed: int, dim: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((dim, dim)))[0]


@given(seed=SEEDS, n=COUNTS, dim=DIMS)
def test_a_set_is_at_no_distance_from_itself(seed, n, dim) -> None:
    """Exactly 0, and 0 up to rounding when the rows come in another order."""
    x, _, scale = draw_sets(seed, n, 2, dim)
    assert frechet(x, x) == 0.0
    assert frechet(x, x[::-1]) == pytest.approx(0.0, abs=1e-9 * scale)


@given(seed=SEEDS, n=COUNTS, m=COUNTS, dim=DIMS)
def test_frechet_is_symmetric_and_not_negative(seed, n, m, dim) -> None:
    """Either side may be the reference."""
    x, y, scale = draw_sets(seed, n, m, dim)
    assert frechet(x, y) >= 0.0
    assert frechet(x, y) == pytest.approx(frechet(y, x), abs=1e-10 * scale)


@given(seed=SEEDS, n=COUNTS, m=COUNTS, dim=DIMS)
def test_frechet_ignores_a_common_rotation_and_shift(seed, n, m, dim) -> None:
    """Only the sets' position to each other counts."""
    x, y, scale = draw_sets(seed, n, m, dim)
    turn = rotation(seed, dim)
    assert frechet(x @ turn + 7, y @ turn + 7) == pytest.approx(frechet(x, y), rel=1e-8, abs=1e-8 * scale)


@given(seed=SEEDS, n=COUNTS, dim=DIMS, shift=st.floats(-50, 50))
def test_shifting_a_set_costs_the_squared_shift(seed, n, dim, shift) -> None:
    """Equal covariances leave the mean term alone."""
    x, _, scale = draw_sets(seed, n, 2, dim)
    assert frechet(x + shift, x) == pytest.approx(dim * shift**2, rel=1e-9, abs=1e-8 * scale)


@given(seed=SEEDS, n=COUNTS, m=COUNTS, dim=DIMS, factor=st.floats(0.01, 100))
def test_frechet_scales_with_the_square_of_the_unit(seed, n, m, dim, factor) -> None:
    """Units of the embedding, squared."""
    x, y, scale = draw_sets(seed, n, m, dim)
    expected = factor**2 * frechet(x, y)
    assert frechet(factor * x, factor * y) == pytest.approx(expected, rel=1e-8, abs=1e-9 * scale * factor**2)


@given(seed=SEEDS, n=st.integers(5, 30), m=st.integers(5, 30), dim=st.integers(1, 12))
def test_zero_dimensions_change_nothing(seed, n, m, dim) -> None:
    """Dead outputs of a network, or N < D of any kind, are no special case."""
    x, y, scale = draw_sets(seed, n, m, dim)
    padded = frechet(np.pad(x, ((0, 0), (0, 40))), np.pad(y, ((0, 0), (0, 40))))
    assert padded == pytest.approx(frechet(x, y), rel=1e-9, abs=1e-9 * scale)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_distances_grow_with_added_noise(seed) -> None:
    """More of the same noise is farther away, in every distance of this package."""
    rng = np.random.default_rng(seed)
    reference, noise = rng.standard_normal((200, 6)), rng.standard_normal((200, 6))
    sets = [reference + level * noise for level in (0.5, 1.0, 2.0, 4.0)]
    frechets = [frechet(x, reference) for x in sets]
    kads = [kernel_audio_distance(generated=x, reference=reference).distance.value for x in sets]
    precisions = [manifold_scores(generated=x, reference=reference).precision for x in sets]
    assert frechets == sorted(frechets)
    assert kads == sorted(kads)
    assert precisions == sorted(precisions, reverse=True)


@given(seed=SEEDS, n=st.integers(2, 40), m=st.integers(2, 40), dim=st.integers(1, 8))
def test_kernel_distance_is_symmetric_and_ignores_order(seed, n, m, dim) -> None:
    """The order of clips and the choice of sides do not show."""
    x, y, _ = draw_sets(seed, n, m, dim)
    for kernel in (polynomial_kernel(dim=dim), gaussian_kernel(bandwidth=1.3)):
        value = mmd_squared(generated=x, reference=y, kernel=kernel).value
        size = abs(value) + float(np.abs(kernel(x, x)).max() + np.abs(kernel(y, y)).max())
        for other in (
            mmd_squared(generated=y, reference=x, kernel=kernel),
            mmd_squared(generated=x[::-1], reference=y[::-1], kernel=kernel),
        ):
            assert other.value == pytest.approx(value, abs=1e-11 * size)


@given(seed=SEEDS, n=st.integers(3, 40), m=st.integers(3, 40), dim=st.integers(2, 8))
def test_audio_distance_ignores_rotation_shift_and_unit(seed, n, m, dim) -> None:
    """The bandwidth comes from the reference, so a common change of coordinates cancels."""
    x, y, _ = draw_sets(seed, n, m, dim)
    turn = 3.0 * rotation(seed, dim)
    plain = kernel_audio_distance(generated=x, reference=y).distance.value
    moved = kernel_audio_distance(generated=x @ turn + 5, reference=y @ turn + 5).distance.value
    assert moved == pytest.approx(plain, abs=1e-7)
