"""Metric arithmetic against av-benchmark, FastVideo and a float64 reference.

Golden values are in `golden/portable/metrics.npz`; inputs are remade from their seeds.
"""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.divergence import inception_score, kl_sigmoid, kl_softmax
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.kernel import kernel_inception_distance
from avmeter.stats.moments import Moments
from support.paths import PORTABLE

AV_BENCHMARK, FASTVIDEO, FLOAT64 = 0, 1, 2

# name: (seed, n), (seed, n, shift, scale), d, dtype
FRECHET_SETS = {
    "n64_d8": ((1, 64), (2, 64, 0.3, 1.1), 8, np.float64),
    "n500_n300_d128": ((3, 500), (4, 300, 0.1, 0.9), 128, np.float32),
    "n20_n30_d64_singular": ((5, 20), (6, 30, 0.1, 1), 64, np.float32),
    "n2_n3_d16_singular": ((7, 2), (8, 3, 0.1, 1), 16, np.float32),
    "n300_d768_singular_both": ((9, 300), (10, 300, 0.02, 1), 768, np.float32),
    "n900_n800_d768": ((11, 900), (12, 800, 0.02, 1), 768, np.float32),
    "n50_d1": ((13, 50), (14, 60, 0.5, 2), 1, np.float64),
    "identical": ((15, 40), (15, 40, 0, 1), 16, np.float32),
}
KL_SETS = {"n1_c527": (20, 21, 1, 527), "n7_c527": (22, 23, 7, 527), "n5_c10": (24, 25, 5, 10)}
INCEPTION_SETS = {"n40_c527_s10": (30, 40, 527, 10), "n103_c527_s10": (31, 103, 527, 10), "n25_c10_s1": (32, 25, 10, 1)}
KID_SETS = {
    "n200_d32": ((40, 200, 32), (41, 150, 32, 0.2), 20, 100),
    "small_subset_clamped": ((42, 30, 16), (43, 25, 16, 0.2), 10, 1000),
}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(PORTABLE / "metrics.npz") as npz:
        return dict(npz)


def features(seed, n, d, shift=0.0, scale=1.0, dtype=np.float64) -> np.ndarray:
    random = np.random.RandomState(seed)
    draws = random.standard_normal((n, d)) * (1 + np.arange(d)) ** -0.5
    mix = random.standard_normal((d, d)) / np.sqrt(d)
    return (draws @ mix * scale + shift).astype(dtype)


def logits(seed, n, c) -> np.ndarray:
    return (2 * np.random.RandomState(seed).standard_normal((n, c))).astype(np.float32)


def frechet_moments(name) -> tuple[Moments, Moments]:
    (seed, n), (other_seed, m, shift, scale), dim, dtype = FRECHET_SETS[name]
    return (
        Moments.of(features(seed, n, dim, dtype=dtype)),
        Moments.of(features(other_seed, m, dim, shift, scale, dtype)),
    )


@pytest.mark.parametrize("name", FRECHET_SETS)
def test_frechet_agrees_with_the_float64_reference(golden, name) -> None:
    """1e-7: where a covariance is singular the reference takes roots of rounded zeros (sqrt(2e-16) = 1.5e-8)."""
    generated, reference = frechet_moments(name)
    result = frechet_distance(generated=generated, reference=reference)
    assert result.distance == pytest.approx(golden[f"fd/{name}"][FLOAT64], rel=1e-7, abs=1e-11)


@pytest.mark.parametrize("name", [n for n in FRECHET_SETS if n not in ("n50_d1", "identical")])
def test_frechet_agrees_with_av_benchmark(golden, name) -> None:
    """2e-6: the published code averages in float32."""
    generated, reference = frechet_moments(name)
    result = frechet_distance(generated=generated, reference=reference)
    assert result.distance == pytest.approx(golden[f"fd/{name}"][AV_BENCHMARK], rel=2e-6)


@pytest.mark.parametrize("name", [n for n in FRECHET_SETS if n not in ("n50_d1", "identical")])
def test_frechet_with_offset_agrees_with_fastvideo(golden, name) -> None:
    """2e-6 with its 1e-6 on both diagonals, also where that offset is all that a direction has."""
    generated, reference = frechet_moments(name)
    result = frechet_distance(generated=generated, reference=reference, diagonal_offset=1e-6)
    assert result.distance == pytest.approx(golden[f"fd/{name}"][FASTVIDEO], rel=2e-6)


@pytest.mark.parametrize("name", KL_SETS)
def test_divergences_agree_with_av_benchmark(golden, name) -> None:
    """1e-5: the published code sums in float32."""
    generated_seed, reference_seed, n, c = KL_SETS[name]
    generated, reference = logits(generated_seed, n, c), logits(reference_seed, n, c)
    softmax, sigmoid = golden[f"kl/{name}"]
    assert kl_softmax(generated=generated, reference=reference) == pytest.approx(softmax, rel=1e-5)
    assert kl_sigmoid(generated=generated, reference=reference) == pytest.approx(sigmoid, rel=1e-5)


@pytest.mark.parametrize("name", INCEPTION_SETS)
def test_inception_score_agrees_with_av_benchmark(golden, name) -> None:
    """1e-9: both in float64."""
    seed, n, c, splits = INCEPTION_SETS[name]
    result = inception_score(logits(seed, n, c), splits=splits)
    np.testing.assert_allclose([result.mean, result.std], golden[f"isc/{name}"], rtol=1e-9, atol=1e-12)


def test_inception_score_refuses_where_av_benchmark_gives_nan(golden) -> None:
    """Seven rows in ten splits."""
    assert np.isnan(golden["isc/n7_c20_s10"]).all()
    with pytest.raises(StatsError):
        inception_score(logits(33, 7, 20), splits=10)


@pytest.mark.parametrize("name", KID_SETS)
def test_kernel_inception_distance_agrees_with_av_benchmark(golden, name) -> None:
    """1e-4: the published kernels are float32."""
    generated, reference, subsets, size = KID_SETS[name]
    result = kernel_inception_distance(
        generated=features(*generated, dtype=np.float32),
        reference=features(*reference, dtype=np.float32),
        subsets=subsets,
        subset_size=size,
    )
    np.testing.assert_allclose([result.mean, result.std], golden[f"kid/{name}"], rtol=1e-4)
    assert result.subset_size == min(size, generated[1], reference[1])
