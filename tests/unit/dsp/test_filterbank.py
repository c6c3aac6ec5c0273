"""Mel filterbanks: their defining properties, and an independent implementation where it is installed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from avmeter.dsp.filterbank import Bank, htk_bank, kaldi_bank, slaney_bank
from avmeter.errors import UsageError
from support import require

BANKS = [htk_bank, kaldi_bank, slaney_bank]
FINE = {"sample_rate": 16000, "n_fft": 16384}


def centres_hz(bank: Bank, *, sample_rate: int, n_fft: int) -> np.ndarray:
    return bank.argmax(axis=1) * sample_rate / n_fft


@pytest.mark.parametrize("bank", [htk_bank, kaldi_bank])
def test_neighbouring_bands_share_every_frequency_between_them(bank: Callable[..., Bank]) -> None:
    """Between the first and the last centre the weights of all bands add up to 1."""
    weights = bank(**FINE, n_mels=40, f_min=100.0, f_max=7000.0)
    first, last = weights[0].argmax() + 1, weights[-1].argmax()
    np.testing.assert_allclose(weights[:, first:last].sum(axis=0), 1.0, atol=1e-12)


@pytest.mark.parametrize("bank", [htk_bank, kaldi_bank])
def test_htk_centres_are_evenly_spaced_in_mel(bank: Callable[..., Bank]) -> None:
    """From 0 Hz, 2595 log10(1 + f / 700) of the centres rises by the same step."""
    weights = bank(**FINE, n_mels=20, f_min=0.0, f_max=6300.0)
    mel = 2595 * np.log10(1 + centres_hz(weights, **FINE) / 700)
    # f_max is 2595 mel exactly; a bin is 1 Hz wide, at most 1.6 mel.
    np.testing.assert_allclose(mel, 2595 * np.arange(1, 21) / 21, atol=1.6)


def test_slaney_centres_rise_by_a_constant_factor_above_1_khz() -> None:
    """27 steps lead from 1000 to 6400 Hz."""
    weights = slaney_bank(**FINE, n_mels=26, f_min=1000.0, f_max=6400.0)
    np.testing.assert_allclose(centres_hz(weights, **FINE), 1000 * 6.4 ** (np.arange(1, 27) / 27), atol=1)


def test_slaney_centres_are_evenly_spaced_below_1_khz() -> None:
    """One mel is 200 / 3 Hz there."""
    weights = slaney_bank(**FINE, n_mels=14, f_min=0.0, f_max=1000.0)
    np.testing.assert_allclose(centres_hz(weights, **FINE), np.arange(1, 15) * 200 / 3, atol=1)


def test_slaney_bands_have_area_one() -> None:
    """White noise gives the same energy in every band."""
    weights = slaney_bank(**FINE, n_mels=30, f_min=50.0, f_max=8000.0)
    np.testing.assert_allclose(weights.sum(axis=1) * FINE["sample_rate"] / FINE["n_fft"], 1.0, rtol=1e-3)


def test_htk_and_kaldi_triangles_differ() -> None:
    """Straight sides in Hz are curved in mel: the two banks are not interchangeable."""
    sizes = {"sample_rate": 16000, "n_fft": 512, "n_mels": 128, "f_min": 0.0, "f_max": 8000.0}
    assert np.abs(htk_bank(**sizes) - kaldi_bank(**sizes)).max() > 1e-3


def test_kaldi_gives_the_nyquist_bin_no_weight() -> None:
    """Kaldi's spectrum has n_fft / 2 bins; a band up to half the rate ends in the bin that is left out."""
    weights = kaldi_bank(sample_rate=16000, n_fft=512, n_mels=16, f_min=20.0, f_max=8000.0)
    assert weights.shape == (16, 257)
    np.testing.assert_allclose(weights[:, -1], 0.0, atol=1e-12)


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize(
    ("f_min", "f_max", "n_mels"), [(-1.0, 100.0, 8), (100.0, 100.0, 8), (200.0, 100.0, 8), (0.0, 8001.0, 8), (0, 1, 0)]
)
def test_bands_outside_the_signal_are_refused(
    bank: Callable[..., Bank], f_min: float, f_max: float, n_mels: int
) -> None:
    """Edges must rise between 0 and half the sample rate, and there is at least one band."""
    with pytest.raises(UsageError):
        bank(sample_rate=16000, n_fft=512, n_mels=n_mels, f_min=f_min, f_max=f_max)


@pytest.mark.parametrize(
    ("bank", "options"),
    [
        (htk_bank, {"mel_scale": "htk", "norm": None}),
        (kaldi_bank, {"mel_scale": "kaldi", "norm": None, "triangularize_in_mel_space": True}),
        (slaney_bank, {"mel_scale": "slaney", "norm": "slaney"}),
    ],
)
def test_bank_equals_an_independent_implementation(bank: Callable[..., Bank], options: dict[str, object]) -> None:
    """transformers computes the same weights."""
    audio_utils = require.package("transformers.audio_utils")
    expected = audio_utils.mel_filter_bank(
        num_frequency_bins=513,
        num_mel_filters=64,
        min_frequency=50.0,
        max_frequency=14000.0,
        sampling_rate=48000,
        **options,
    )
    ours = bank(sample_rate=48000, n_fft=1024, n_mels=64, f_min=50.0, f_max=14000.0)
    np.testing.assert_allclose(ours, expected.T, atol=1e-12)
