"""Lags between two waveforms, where their envelopes agree best."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.visqol.gammatone import FloatArray


def best_lag(reference: FloatArray, generated: FloatArray) -> int:
    """Return how many samples the generated waveform is early; negative where it is late.

    0 where the envelopes agree best more than half of the reference apart: that is no lag.

    Args:
        reference: (N,).
        generated: (M,).
    """
    length = max(len(reference), len(generated))
    size = 1 << (2 * length - 2).bit_length()
    spectra = [np.fft.rfft(_envelope(side), size) for side in (reference, generated)]
    products = np.fft.irfft(spectra[0] * np.conj(spectra[1]), size)
    reach = length - 1
    around = np.concatenate([products[-reach:], products[: reach + 1]])
    lag = int(np.argmax(around)) - reach
    return lag if abs(lag) <= len(reference) / 2 else 0


def shifted(generated: FloatArray, lag: int) -> FloatArray:
    """Return a waveform that begins with its reference: `lag` samples of silence before it, or cut where it is late."""
    return generated[-lag:] if lag < 0 else np.concatenate([np.zeros(lag), generated])


def aligned(reference: FloatArray, generated: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Return both waveforms from where they begin together to where the first of them ends, and the lag.

    Without the silence that the lag would put in front.
    """
    lag = best_lag(reference, generated)
    generated = shifted(generated, lag)
    if lag > 0 and len(reference) < len(generated):
        reference, generated = reference[lag:], generated[lag:]
    length = min(len(reference), len(generated))
    return reference[:length], generated[:length], lag


def _envelope(waveform: FloatArray) -> FloatArray:
    """Return the magnitude of the analytic signal, around the mean."""
    mean = waveform.mean()
    half = np.fft.rfft(waveform - mean)
    spectrum = np.zeros(len(waveform), np.complex128)
    spectrum[: len(half)] = half
    spectrum[1 : (len(waveform) + 1) // 2] *= 2
    envelope: FloatArray = np.abs(np.fft.ifft(spectrum)) + mean
    return envelope
