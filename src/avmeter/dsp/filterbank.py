"""Mel filterbanks as data: one matrix from linear frequency bins to mel bands.

Several families of triangles are in use, and they are not interchangeable:

    function         mel scale           triangles straight in   area      used by
    htk_bank         HTK, logarithmic    Hz                      free      Synchformer, CLAP
    kaldi_bank       HTK, logarithmic    mel                     free      PaSST, ImageBind, VGGish
    slaney_bank      Slaney, linear      Hz                      1 (Hz)    PANNs
                     below 1 kHz
    unit_sum_bank    HTK, logarithmic    mel                     sum 1     aiSFX

Every function returns float64 of shape (F, K): `F` mel bands, `K` = n_fft // 2 + 1 bins from 0 Hz to half the
sample rate. A band's row holds its weight for each bin, so that `mel = bank @ spectrum`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avmeter.errors import UsageError

Bank = NDArray[np.float64]

# Slaney's Auditory Toolbox: 200/3 Hz per mel up to 1000 Hz, from there 27 mel per factor of 6.4.
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_LOG_STEP = math.log(6.4) / 27.0


def htk_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Bank:
    """Return bands equally wide on the HTK scale, straight-sided in Hz, peak weight 1.

    Args:
        sample_rate: Hz.
        n_fft: Length of the Fourier transform.
        n_mels: Number of bands.
        f_min: Lower edge of the lowest band in Hz.
        f_max: Upper edge of the highest band in Hz.

    Source: the default of torchaudio's `melscale_fbanks`; `mel_scale="htk", norm=None` of transformers'
    `mel_filter_bank`.
    """
    _check_range(sample_rate, f_min, f_max, n_mels)
    edges = _mel_to_hz_htk(np.linspace(_hz_to_mel_htk(f_min), _hz_to_mel_htk(f_max), n_mels + 2))
    return _triangles(_bin_frequencies(sample_rate, n_fft), edges)


def kaldi_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Bank:
    """Return bands equally wide on the HTK scale, straight-sided in mel, peak weight 1.

    Arguments as for `htk_bank`.

    Source: Kaldi's `mel-computations.cc`; torchaudio's `compliance.kaldi.get_mel_banks` leaves out the Nyquist bin,
    whose weight is 0 here. VGGish's `spectrogram_to_mel_matrix` is the same.
    """
    _check_range(sample_rate, f_min, f_max, n_mels)
    edges = np.linspace(_hz_to_mel_htk(f_min), _hz_to_mel_htk(f_max), n_mels + 2)
    return _triangles(_hz_to_mel_htk(_bin_frequencies(sample_rate, n_fft)), edges)


def slaney_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Bank:
    """Return bands equally wide on Slaney's scale, straight-sided in Hz, each of area 1 over Hz.

    Arguments as for `htk_bank`.

    Source: librosa's `filters.mel` with its defaults (`htk=False, norm="slaney"`).
    """
    _check_range(sample_rate, f_min, f_max, n_mels)
    low, high = _hz_to_mel_slaney(f_min), _hz_to_mel_slaney(f_max)
    edges = _mel_to_hz_slaney(np.linspace(low, high, n_mels + 2))
    width_hz = edges[2:] - edges[:-2]
    return _triangles(_bin_frequencies(sample_rate, n_fft), edges) * (2.0 / width_hz)[:, None]


def unit_sum_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Bank:
    """Return the bands of `kaldi_bank`, each divided by its sum over bins.

    Arguments as for `htk_bank`.

    Source: Essentia's `MelBands` with `warpingFormula="htkMel", weighting="warping", normalize="unit_sum"`.
    """
    bank = kaldi_bank(sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels, f_min=f_min, f_max=f_max)
    found: Bank = bank / bank.sum(axis=1, keepdims=True)
    return found


def _check_range(sample_rate: int, f_min: float, f_max: float, n_mels: int) -> None:
    if not 0.0 <= f_min < f_max <= sample_rate / 2:
        raise UsageError(
            f"mel bands from {f_min:g} to {f_max:g} Hz do not fit into a signal of {sample_rate} Hz",
            hint=f"frequencies must rise, from 0 to at most {sample_rate / 2:g} Hz",
        )
    if n_mels < 1:
        raise UsageError(f"n_mels must be positive, got {n_mels}")


def _bin_frequencies(sample_rate: int, n_fft: int) -> NDArray[np.float64]:
    return np.arange(n_fft // 2 + 1, dtype=np.float64) * (sample_rate / n_fft)


def _triangles(positions: NDArray[np.float64], edges: NDArray[np.float64]) -> Bank:
    """Return weights (F, K) of triangles over `edges[f : f + 3]` at K `positions` of the same axis."""
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (positions - left) / (centre - left)
    falling = (right - positions) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


def _hz_to_mel_htk(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0)


def _mel_to_hz_htk(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700.0 * np.expm1(mel / 1127.0)


def _hz_to_mel_slaney(hz: float) -> float:
    if hz < _SLANEY_BREAK_HZ:
        return hz / _SLANEY_HZ_PER_MEL
    return _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL + math.log(hz / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP


def _mel_to_hz_slaney(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    break_mel = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
    above = _SLANEY_BREAK_HZ * np.exp(_SLANEY_LOG_STEP * (np.maximum(mel, break_mel) - break_mel))
    return np.where(mel < break_mel, mel * _SLANEY_HZ_PER_MEL, above)
