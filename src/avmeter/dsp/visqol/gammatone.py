"""Spectrograms of a gammatone filter bank, in decibels above a floor.

    frames (80 ms, a fourth apart, Hann) --> bands --> root mean square --> 10 log10 --> floors

Each band is a filter of four stages after Slaney (1993), which starts anew with every frame: it is applied as its
impulse response. Frequencies are spaced by equivalent rectangular bandwidths (Glasberg and Moore 1990).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FRAME_S = 0.08
_EAR_Q, _MIN_BANDWIDTH = 9.26449, 24.7  # Hz
_BANDWIDTH = 1.019  # of a gammatone, in equivalent rectangular bandwidths
_FLOOR_DB = -45.0  # absolute, and below the loudest band of a frame
_EPSILON = float(np.finfo(np.float64).eps)
_AT_ONCE = 32  # frames


@dataclass(frozen=True, kw_only=True)
class FilterBank:
    """Bands between two frequencies at one sample rate.

    Attributes:
        sample_rate: Hz.
        num_bands: Number of bands.
        highest_hz: Of the range; the lowest frequency of it is that of the lowest band.
        lowest_hz: Likewise.
    """

    sample_rate: int
    num_bands: int
    highest_hz: float
    lowest_hz: float = 50.0

    @property
    def frame_length(self) -> int:
        """Samples of a frame."""
        return round(self.sample_rate * FRAME_S)

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return self.frame_length // 4

    @property
    def hop_s(self) -> float:
        """Seconds from frame to frame."""
        return self.hop_length / self.sample_rate

    def centres_hz(self) -> FloatArray:
        """Return the centre frequencies (bands,), ascending."""
        offset = _EAR_Q * _MIN_BANDWIDTH
        step = (np.log(self.lowest_hz + offset) - np.log(self.highest_hz + offset)) / self.num_bands
        centres: FloatArray = -offset + np.exp(np.arange(self.num_bands, 0, -1) * step) * (self.highest_hz + offset)
        return centres

    def spectrogram(self, waveform: FloatArray) -> FloatArray:
        """Return root mean squares (bands, frames) of a waveform (N,), N > `frame_length`."""
        length = self.frame_length
        frames = np.lib.stride_tricks.sliding_window_view(waveform, length)[:: self.hop_length]
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
        response = _response(self)
        size = 2 * length
        levels = np.empty((self.num_bands, len(frames)))
        for start in range(0, len(frames), _AT_ONCE):
            spectra = np.fft.rfft(frames[start : start + _AT_ONCE] * window, size)
            for band in range(self.num_bands):
                filtered = np.fft.irfft(spectra * response[band], size)[:, :length]
                levels[band, start : start + _AT_ONCE] = np.sqrt(np.square(filtered).mean(axis=1))
        return levels


def in_decibels(reference: FloatArray, generated: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two spectrograms (bands, frames) in decibels above the lowest value of both, with common floors."""
    levels = [10 * np.log10(np.where(side == 0, _EPSILON, side)) for side in (reference, generated)]
    levels = [np.maximum(side, _FLOOR_DB) for side in levels]
    num_shared = min(side.shape[1] for side in levels)
    loudest = np.maximum(*(side[:, :num_shared].max(axis=0) for side in levels))
    for side in levels:
        side[:, :num_shared] = np.maximum(side[:, :num_shared], loudest + _FLOOR_DB)
    lowest = min(side.min() for side in levels)
    return levels[0] - lowest, levels[1] - lowest


@functools.lru_cache(maxsize=4)
def _response(bank: FilterBank) -> npt.NDArray[np.complex128]:
    """Return the spectra (bands, frame_length + 1) of the bands' impulse responses, cut to a frame."""
    length = bank.frame_length
    responses = np.stack([_impulse_response(hz, bank.sample_rate, length) for hz in bank.centres_hz()])
    return np.fft.rfft(responses, 2 * length)


def _impulse_response(centre_hz: float, sample_rate: int, length: int) -> FloatArray:
    """Return the first samples of what four stages with one pair of poles make of an impulse.

    Each stage is (T + a z^-1) / (1 + b1 z^-1 + b2 z^-2), whose zeros differ, over the gain at the centre.
    """
    period = 1 / sample_rate
    decay = 2 * np.pi * _BANDWIDTH * (centre_hz / _EAR_Q + _MIN_BANDWIDTH)
    angle = 2 * np.pi * centre_hz * period
    shrink = np.exp(-decay * period)
    zeros = [sign * np.sqrt(3 + side * 2**1.5) for side in (1, -1) for sign in (1, -1)]
    numerators = [-period * shrink * (np.cos(angle) + zero * np.sin(angle)) for zero in zeros]
    pole = shrink * np.exp(1j * angle)
    turn = np.exp(2j * angle)
    gain = 1.0 + 0.0j
    for zero in zeros:
        gain *= -2 * turn * period + 2 * shrink * np.exp(1j * angle) * period * (np.cos(angle) - zero * np.sin(angle))
    gain /= (-2 * shrink**2 - 2 * turn + 2 * (1 + turn) * shrink) ** 4
    # Partial fractions of a stage: h[n] = 2 Re(c p^n); stages are convolved.
    n = np.arange(length)
    powers = pole**n
    response = np.zeros(length)
    response[0] = 1 / abs(gain)
    size = 2 * length
    spectrum = np.fft.rfft(response, size)
    for numerator in numerators:
        coefficient = (period * pole + numerator) / (pole - np.conj(pole))
        stage = 2 * (coefficient * powers).real
        spectrum = np.fft.rfft(np.fft.irfft(spectrum * np.fft.rfft(stage, size), size)[:length], size)
    return np.fft.irfft(spectrum, size)[:length]
