"""What the Fréchet distance shows when there is nothing to show.

Two finite samples of one distribution differ, so the expected distance between them is above 0: 300 for two
sets of 1000 clips of white 768-dimensional embeddings. This module says how much of a score that is.

The estimate has two steps. Both were checked against direct simulation at D = 96 and 256, with spectra from flat
to 1/k^2 and N, M from D/4 to 8 D: within 5% of the true expectation from one reference sample of M >= D/2, within
7% at M = D/4; for 1/k^2, whose distance a few directions dominate, within 10% and 20%.

1. The spectrum of the population. The eigenvalues of a sample covariance are spread wider than those of the
   population, and M - 1 < D of them are 0, so plugging them in understates the bias (by 60% for M = D / 4).
   The spectrum is searched whose simulated sample spectrum is the observed one.
2. The expectation for that spectrum. The mean part is exact, tr(S)(1/N + 1/M). The covariance part is its
   second-order expansion where both sets are at least four times the dimension, and a seeded simulation
   otherwise.

Embeddings are taken to be Gaussian, as the distance itself does. With heavier tails the bias is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avmeter.errors import StatsError
from avmeter.stats.factor import covariance_distance
from avmeter.stats.moments import Moments
from avmeter.stats.rows import FloatArray, as_values, require_count

_SIMULATED_VALUES = 6000  # draws times dimensions: the distance varies less the more dimensions there are
_FEWEST_DRAWS, _MOST_DRAWS = 3, 200
_PRECISE_ENOUGH = 0.005  # standard error of a simulation, as a share: a tenth of what the estimate may be off by
_SIMULATED_TOLERANCE = 1e-4  # of the traces, of which a simulated distance is 6% or more, known within some percent
_FIRST_ORDER_RATIO = 4  # of clips to dimensions: the expansion is then within 1% (N = M), 3% (N << M)
_SPECTRUM_STEPS = 8
_PLAIN_SPECTRUM_RATIO = 50  # above it the sample spectrum differs from the population's by under 1%
_LARGEST_STEP = 4.0


@dataclass(frozen=True, kw_only=True)
class BiasEstimate:
    """Expected Fréchet distance between two samples of one Gaussian.

    Attributes:
        value: The expectation, > 0, in squared units of the embedding.
        standard_error: Of the simulation; None where the value comes from the expansion.
        generated_count: Size of the one sample, N.
        reference_count: Size of the other, M.
    """

    value: float
    standard_error: float | None
    generated_count: int
    reference_count: int


def expected_bias(*, reference: Moments, generated_count: int, seed: int = 0) -> BiasEstimate:
    """The Fréchet distance that a perfect generator is expected to get, with this reference and N clips.

    Args:
        reference: Moments of M >= 2 reference embeddings, the ones that the score was computed with.
        generated_count: Number of generated clips, N >= 2.
        seed: Of the simulation. The same seed gives the same value.

    Raises:
        StatsError: Fewer than two clips on a side.
    """
    require_count(reference.count, side="reference", minimum=2)
    observed: FloatArray = np.linalg.eigvalsh(reference.covariance).astype(np.float64, copy=False)
    spectrum = population_spectrum(observed, count=reference.count, seed=seed)
    return expected_bias_of_spectrum(
        spectrum, generated_count=generated_count, reference_count=reference.count, seed=seed
    )


def expected_bias_of_spectrum(
    spectrum: FloatArray, *, generated_count: int, reference_count: int, seed: int = 0
) -> BiasEstimate:
    """Expected Fréchet distance of two samples of a Gaussian whose covariance has this spectrum.

    Args:
        spectrum: Eigenvalues (D,) of the population covariance, >= 0.
        generated_count: Size of the one sample, >= 2.
        reference_count: Size of the other, >= 2.
        seed: Of the simulation.

    Raises:
        StatsError: A negative or non-finite eigenvalue, or a sample of fewer than two.
    """
    require_count(generated_count, side="generated", minimum=2)
    require_count(reference_count, side="reference", minimum=2)
    eigenvalues = as_values(spectrum, name="spectrum", minimum=1)
    if eigenvalues.min() < 0:
        raise StatsError(f"spectrum: eigenvalues must be 0 or more, got {eigenvalues.min()}")
    mean_term = float(eigenvalues.sum()) * (1 / generated_count + 1 / reference_count)
    eigenvalues = eigenvalues[eigenvalues > 0]
    if min(generated_count, reference_count) >= _FIRST_ORDER_RATIO * len(eigenvalues):
        covariance_term, error = _expansion(eigenvalues, generated_count, reference_count), None
    else:
        covariance_term, error = _simulation(eigenvalues, generated_count, reference_count, seed)
    return BiasEstimate(
        value=mean_term + covariance_term,
        standard_error=error,
        generated_count=generated_count,
        reference_count=reference_count,
    )


def population_spectrum(observed: FloatArray, *, count: int, seed: int = 0) -> FloatArray:
    """The spectrum whose samples of `count` rows have the observed sample spectrum.

    Args:
        observed: Eigenvalues (D,) of an unbiased sample covariance.
        count: Rows of that sample, >= 2.
        seed: Of the simulated samples.

    Returns:
        Eigenvalues (D,), descending, > 0 wherever there is any variance; their sum is the observed one.

    A fixed point of lambda <- lambda * observed / simulated(lambda), from a shrunk start. The D - (count - 1)
    eigenvalues of which the sample shows nothing follow the smallest quarter of those it does show.
    """
    sample = np.maximum(np.sort(as_values(observed, name="spectrum", minimum=1))[::-1], 0.0)
    total = float(sample.sum())
    if total == 0.0 or count >= _PLAIN_SPECTRUM_RATIO * len(sample):
        return sample
    rng = np.random.default_rng(seed)
    seen = min(count - 1, len(sample))
    spectrum = _shrunk(sample, count)
    for _ in range(_SPECTRUM_STEPS):
        factor = _sample_factor(spectrum, count, rng)
        gram = factor.T @ factor if factor.shape[1] <= factor.shape[0] else factor @ factor.T
        simulated = np.sort(np.linalg.eigvalsh(gram))[::-1][:seen]
        floor = 1e-15 * total
        ratio = (sample[:seen] + floor) / (np.maximum(simulated, 0.0) + floor)
        ratio = np.clip(ratio, 1 / _LARGEST_STEP, _LARGEST_STEP)
        spectrum[:seen] *= ratio
        spectrum[seen:] *= ratio[-max(seen // 4, 1) :].mean()
        spectrum = np.sort(spectrum)[::-1]
        spectrum *= total / spectrum.sum()
    return spectrum


def _shrunk(sample: FloatArray, count: int) -> FloatArray:
    """Oracle-approximating shrinkage towards a flat spectrum (Chen et al. 2010, eq. 23)."""
    dim = len(sample)
    trace, squares = float(sample.sum()), float(np.sum(sample**2))
    excess = squares - trace**2 / dim
    if excess <= 0.0:
        return sample.copy()
    numerator = (1 - 2 / dim) * squares + trace**2
    weight = min(1.0, numerator / ((count + 1 - 2 / dim) * excess))
    shrunk: FloatArray = (1 - weight) * sample + weight * trace / dim
    return shrunk


def _expansion(eigenvalues: FloatArray, generated_count: int, reference_count: int) -> float:
    """Second order of tr(A + B - 2 (A B)^(1/2)) about A = B, with Wishart variances of A - B."""
    if not len(eigenvalues):
        return 0.0
    terms = np.outer(eigenvalues, eigenvalues) / np.add.outer(eigenvalues, eigenvalues)
    weight = 1 / (generated_count - 1) + 1 / (reference_count - 1)
    return float(0.5 * weight * (terms.sum() + np.trace(terms)))


def _simulation(eigenvalues: FloatArray, generated_count: int, reference_count: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    draws = min(max(_SIMULATED_VALUES // len(eigenvalues), _FEWEST_DRAWS), _MOST_DRAWS)
    values: list[float] = []
    mean, error = 0.0, np.inf
    while len(values) < _FEWEST_DRAWS or (len(values) < draws and error > _PRECISE_ENOUGH * mean):
        generated = _sample_factor(eigenvalues, generated_count, rng)
        reference = _sample_factor(eigenvalues, reference_count, rng)
        values.append(covariance_distance(generated, reference, tolerance=_SIMULATED_TOLERANCE))
        mean = float(np.mean(values))
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf
    return mean, error


def _sample_factor(eigenvalues: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Factor (D, r) of the covariance of `count` draws, in the eigenbasis of the population.

    With count > D the triangular factor is drawn itself (Bartlett decomposition): no cost per row.
    """
    dim, freedom = len(eigenvalues), count - 1
    if freedom < dim:
        draws = rng.standard_normal((dim, freedom))
    else:
        draws = np.tril(rng.standard_normal((dim, dim)), -1)
        np.fill_diagonal(draws, np.sqrt(rng.chisquare(freedom - np.arange(dim))))
    factor: FloatArray = draws * np.sqrt(eigenvalues / freedom)[:, None]
    return factor
