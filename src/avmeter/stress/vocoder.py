"""Speed, pitch and formants changed apart from each other, by short-time Fourier transforms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_N_FFT, _HOP = 2048, 512
_LIFTER_S = 0.0015  # cepstrum below 1.5 ms is the vocal tract, above it the voice's own period


def stretch(channel: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    """Stretch a channel (N,) to (round(N * factor),) at the same pitch, with a phase vocoder."""
    window = np.hanning(_N_FFT + 1)[:-1]
    spectra = _spectra(channel, window)
    positions = np.arange(0, len(spectra) - 1, 1 / factor)
    expected = 2 * np.pi * _HOP * np.arange(spectra.shape[1]) / _N_FFT
    phase = np.angle(spectra[0])
    frames = np.empty((len(positions), _N_FFT))
    for number, position in enumerate(positions):
        low = int(position)
        share = position - low
        magnitude = (1 - share) * np.abs(spectra[low]) + share * np.abs(spectra[low + 1])
        frames[number] = np.fft.irfft(magnitude * np.exp(1j * phase))
        advance = np.angle(spectra[low + 1]) - np.angle(spectra[low]) - expected
        phase = phase + expected + advance - 2 * np.pi * np.round(advance / (2 * np.pi))
    # The channel began at the end of the padding; the middle of a frame stays the middle of a frame.
    start = round(_N_FFT * (factor + 1) / 2)
    return _joined(frames, window)[start : start + round(len(channel) * factor)].astype(np.float32)


def move_formants(channel: npt.NDArray[np.float32], rate: int, factor: float) -> npt.NDArray[np.float32]:
    """Scale the spectral envelope of a channel (N,) by `factor` in frequency; the pitch stays."""
    window = np.hanning(_N_FFT + 1)[:-1]
    spectra = _spectra(channel, window)
    log_magnitude = np.log(np.abs(spectra) + 1e-6)
    cepstra = np.fft.irfft(log_magnitude, axis=1)
    num_low = max(2, round(_LIFTER_S * rate))
    cepstra[:, num_low:-num_low] = 0
    envelopes = np.fft.rfft(cepstra, axis=1).real
    bins = np.arange(spectra.shape[1])
    moved = np.stack([np.interp(bins / factor, bins, envelope) for envelope in envelopes])
    gains = np.exp(np.clip(moved - envelopes, -6.0, 6.0))
    frames = np.fft.irfft(spectra * gains, axis=1)
    return _joined(frames, window)[_N_FFT : _N_FFT + len(channel)].astype(np.float32)


def _spectra(channel: npt.NDArray[np.float32], window: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """Return spectra (frames, bins) of a channel with a frame of silence before it and two behind."""
    padded = np.pad(channel.astype(np.float64), (_N_FFT, 2 * _N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    spectra: npt.NDArray[np.complex128] = np.fft.rfft(frames * window, axis=1)
    return spectra


def _joined(frames: npt.NDArray[np.float64], window: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = np.zeros(len(frames) * _HOP + _N_FFT)
    weight = np.zeros_like(out)
    for number, frame in enumerate(frames):
        place = slice(number * _HOP, number * _HOP + _N_FFT)
        out[place] += window * frame
        weight[place] += window**2
    joined: npt.NDArray[np.float64] = out / np.maximum(weight, 1e-3)
    return joined
