"""K-weighting at other rates than the 48 kHz of the standard's tables."""

import numpy as np
import pytest

from avmeter.dsp.k_weighting import high_pass_coefficients, k_weighting, shelf_coefficients


def gain_db(frequency_hz: float, sample_rate: int) -> float:
    return 20 * np.log10(abs(k_weighting(np.array([frequency_hz]), sample_rate=sample_rate)[0]))


@pytest.mark.parametrize(("sample_rate", "expected"), [(32000, 0.0), (96000, 0.0), (16000, -0.05), (8000, -0.2)])
def test_tone_at_1_khz_reads_nearly_the_same_at_every_rate(sample_rate: int, expected: float) -> None:
    """A 997 Hz tone differs from 48 kHz by what the docstring says."""
    assert gain_db(997.0, sample_rate) - gain_db(997.0, 48000) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000, 192000])
def test_shelf_raises_high_frequencies_and_high_pass_removes_the_constant(sample_rate: int) -> None:
    """At half the rate the gain is 4 dB of the shelf and 0.04 dB of the high pass; at 0 Hz there is nothing."""
    assert gain_db(sample_rate / 2, sample_rate) == pytest.approx(4.04, abs=0.02)
    assert abs(k_weighting(np.array([0.0]), sample_rate=sample_rate)[0]) < 1e-12


@pytest.mark.parametrize("sample_rate", [8000, 44100, 192000])
def test_filters_are_stable_and_normalised(sample_rate: int) -> None:
    """Poles lie inside the unit circle, and each denominator begins with 1."""
    for _, denominator in (shelf_coefficients(sample_rate), high_pass_coefficients(sample_rate)):
        assert denominator[0] == 1
        assert np.abs(np.roots(denominator)).max() < 1
