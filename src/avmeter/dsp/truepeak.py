"""True peak: the largest value of the waveform between its samples (ITU-R BS.1770-5, annex 2).

The waveform is interpolated to at least 176 kHz (4 x at 44.1 and 48 kHz) by a windowed sinc. Blocks that
cannot hold a new maximum, by the sum of the filter's absolute values, are not interpolated at all; the others
are, through their spectra.

Shape letters: `C` channels, `T` time (samples), `L` taps.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_TAPS = 64  # the standard's example has 12; more keep the response flat to 0.45 of the sample rate
_KAISER_BETA = 8.0  # stop band at -80 dB
_N_FFT = 4096
_BLOCK = _N_FFT - (_TAPS - 1)


class TruePeak:
    """Largest interpolated absolute value of a waveform that arrives in parts of any size."""

    def __init__(self, *, sample_rate: int, num_channels: int) -> None:
        """Start at the beginning of a waveform of `num_channels` at `sample_rate` Hz."""
        factor = 4 if sample_rate < 88200 else 2 if sample_rate < 176400 else 1
        filters = interpolation_filters(factor)
        self._bound = float(np.abs(filters).sum(axis=1).max(initial=0.0))
        self._responses = np.fft.rfft(filters, _N_FFT)
        self._history = np.zeros((num_channels, _TAPS - 1))
        self._peak = 0.0

    def update(self, samples: FloatArray) -> None:
        """Take the next samples (C, T)."""
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        if not len(self._responses):
            return
        joined = np.concatenate([self._history, samples], axis=1)
        for start in range(0, samples.shape[1], _BLOCK):
            self._interpolate(joined[:, start : start + _BLOCK + _TAPS - 1])
        self._history = joined[:, -(_TAPS - 1) :]

    def finish(self) -> float:
        """Return the peak, with the waveform followed by silence."""
        self.update(np.zeros((len(self._history), _TAPS - 1)))
        return self._peak

    def _interpolate(self, block: FloatArray) -> None:
        loud = block[np.abs(block).max(axis=1) * self._bound > self._peak]
        if not len(loud):
            return
        spectra = np.fft.rfft(loud, _N_FFT)[:, None, :] * self._responses
        # What wraps around falls on the first taps, where a filter still lacks its past.
        between = np.fft.irfft(spectra, _N_FFT)[..., _TAPS - 1 : block.shape[1]]
        self._peak = max(self._peak, float(np.abs(between).max()))


def interpolation_filters(factor: int) -> FloatArray:
    """Return filters (factor - 1, L) that give the values at 1/factor, 2/factor, ... between the two middle taps.

    A sinc under a Kaiser window; each is scaled to a gain of 1 at 0 Hz.
    """
    fractions = np.arange(1, factor)[:, None] / factor
    distance = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - fractions
    half = _TAPS / 2
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1 - (distance / half) ** 2, 0.0))) / np.i0(_KAISER_BETA)
    filters = np.sinc(distance) * window
    gains = filters.sum(axis=1, keepdims=True) if factor > 1 else np.ones((0, 1))
    normalised: FloatArray = filters / gains
    return normalised


def true_peak_dbtp(waveform: FloatArray, *, sample_rate: int) -> float | None:
    """Return the true peak of a waveform (C, T) in dBTP, or None for digital silence."""
    meter = TruePeak(sample_rate=sample_rate, num_channels=len(waveform))
    meter.update(waveform)
    peak = meter.finish()
    return 20 * math.log10(peak) if peak > 0 else None
