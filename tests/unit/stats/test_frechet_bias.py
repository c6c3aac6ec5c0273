"""Expected bias of the Fréchet distance against direct simulation."""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.factor import covariance_distance
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_bias import expected_bias, expected_bias_of_spectrum
from avmeter.stats.moments import Moments

DIM = 96
SPECTRA = {
    "flat": np.ones(DIM),
    "1/k": 1 / np.arange(1, DIM + 1),
    "exponential": np.exp(-np.arange(DIM) / 10) + 1e-4,
}


def simulated(spectrum: np.ndarray, generated_count: int, reference_count: int, draws: int = 30) -> float:
    rng = np.random.default_rng(99)
    scale = np.sqrt(spectrum)
    values = []
    for _ in range(draws):
        sets = (Moments.of(rng.standard_normal((n, DIM)) * scale) for n in (generated_count, reference_count))
        values.append(frechet_distance(generated=next(sets), reference=next(sets)).distance)
    return float(np.mean(values))


@pytest.mark.parametrize("counts", [(24, 24), (48, 200), (200, 48), (110, 110), (400, 800)])
@pytest.mark.parametrize("name", SPECTRA)
def test_bias_of_a_known_spectrum_is_what_samples_of_it_show(name, counts) -> None:
    """Within 4% of thirty direct simulations, above and below N = D."""
    expected = simulated(SPECTRA[name], *counts)
    estimate = expected_bias_of_spectrum(SPECTRA[name], generated_count=counts[0], reference_count=counts[1])
    assert estimate.value == pytest.approx(expected, rel=0.04)
    assert (estimate.standard_error is None) == (min(counts) >= 4 * DIM)


@pytest.mark.parametrize("counts", [(24, 24), (48, 200), (110, 110), (300, 300)])
@pytest.mark.parametrize("name", SPECTRA)
def test_bias_from_the_reference_alone_is_close(name, counts) -> None:
    """Within 10% though only a sample of M clips is known, also where its covariance is singular."""
    rng = np.random.default_rng(5)
    reference = Moments.of(rng.standard_normal((counts[1], DIM)) * np.sqrt(SPECTRA[name]))
    estimate = expected_bias(reference=reference, generated_count=counts[0])
    assert estimate.value == pytest.approx(simulated(SPECTRA[name], *counts), rel=0.10)


def test_bias_of_white_sets_explains_their_distance() -> None:
    """At N = 200 and D = 768 the whole distance of 897 is bias."""
    rng = np.random.default_rng(0)
    generated, reference = (Moments.of(rng.standard_normal((200, 768))) for _ in range(2))
    estimate = expected_bias(reference=reference, generated_count=200)
    assert estimate.value == pytest.approx(
        frechet_distance(generated=generated, reference=reference).distance, rel=0.02
    )


def test_simulation_goes_on_until_it_is_precise(monkeypatch) -> None:
    """It ends after few draws where distances hardly vary, and goes on where they do."""
    distances: list[float] = []

    def counted(*factors, **options) -> float:
        distances.append(covariance_distance(*factors, **options))
        return distances[-1]

    monkeypatch.setattr("avmeter.stats.frechet_bias.covariance_distance", counted)
    expected_bias_of_spectrum(np.ones(DIM), generated_count=110, reference_count=110)
    assert 3 <= len(distances) < 15
    distances.clear()
    steep = expected_bias_of_spectrum(1 / np.arange(1, DIM + 1.0) ** 2, generated_count=110, reference_count=110)
    assert len(distances) > 20
    assert steep.standard_error == pytest.approx(np.std(distances, ddof=1) / len(distances) ** 0.5)


def test_bias_is_repeatable_and_zero_without_variance() -> None:
    """A seed fixes the value; a constant reference has no bias."""
    reference = Moments.of(np.random.default_rng(0).standard_normal((20, 30)))
    first, second = (expected_bias(reference=reference, generated_count=10) for _ in range(2))
    assert first == second
    assert expected_bias(reference=Moments.of(np.ones((5, 3))), generated_count=4).value == 0.0


def test_bias_refuses_a_single_clip_and_a_negative_spectrum() -> None:
    """No spread is known of one clip; a negative variance is a mistake."""
    reference = Moments.of(np.random.default_rng(0).standard_normal((20, 3)))
    with pytest.raises(StatsError, match="got 1"):
        expected_bias(reference=reference, generated_count=1)
    with pytest.raises(StatsError, match="0 or more"):
        expected_bias_of_spectrum(np.array([1.0, -1.0]), generated_count=5, reference_count=5)
