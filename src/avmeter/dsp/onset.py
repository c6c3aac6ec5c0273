"""Onsets of a waveform: where something begins to sound.

Spectral flux on a mel spectrogram and peak picking with the settings of librosa's `onset_strength` and
`onset_detect`, on which published audio-video alignment scores rest (22.05 kHz, hop 512).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.dsp.filterbank import slaney_bank

SAMPLE_RATE = 22_050
HOP_LENGTH = 512
_N_FFT = 2048
_N_MELS = 128
_TOP_DB = 80.0
# librosa's defaults in seconds: a peak is the maximum of [-30 ms, 0] and above the mean of [-100, +100] ms.
_PRE_MAX = int(0.03 * SAMPLE_RATE // HOP_LENGTH)
_POST_MAX = 1
_PRE_AVG = int(0.10 * SAMPLE_RATE // HOP_LENGTH)
_POST_AVG = int(0.10 * SAMPLE_RATE // HOP_LENGTH) + 1
_WAIT = int(0.03 * SAMPLE_RATE // HOP_LENGTH)
_DELTA = 0.07
_BLOCK_FRAMES = 4096

FloatArray = npt.NDArray[np.float64]


def onset_times(waveform: npt.ArrayLike) -> FloatArray:
    """Return the times of onsets.

    Args:
        waveform: Mono (N,) at 22.05 kHz.

    Returns:
        Seconds from the start, ascending; empty for silence.
    """
    strength = onset_strength(waveform)
    span = strength.max(initial=0.0) - strength.min(initial=0.0)
    if not span > 0:
        return np.zeros(0)
    peaks = pick_peaks((strength - strength.min()) / span)
    return peaks.astype(np.float64) * (HOP_LENGTH / SAMPLE_RATE)


def onset_strength(waveform: npt.ArrayLike) -> FloatArray:
    """Return the mean rise over mel bands in dB from one frame to the next, (1 + N // 512,)."""
    db = _mel_db(np.asarray(waveform, np.float64))
    flux = np.maximum(0.0, np.diff(db, axis=0)).mean(axis=1).astype(np.float64)
    # The frames are centred: shifted by the lag and by half a window, cut to the number of frames.
    shifted = np.concatenate([np.zeros(1 + _N_FFT // (2 * HOP_LENGTH)), flux])
    return shifted[: len(db)]


def pick_peaks(strength: FloatArray) -> npt.NDArray[np.int64]:
    """Return the frames that are the maximum of their neighbourhood, well above its mean, and not too close."""
    peaks: list[int] = []
    for i, value in enumerate(strength):
        if value != strength[max(0, i - _PRE_MAX) : i + _POST_MAX].max():
            continue
        if value < strength[max(0, i - _PRE_AVG) : i + _POST_AVG].mean() + _DELTA:
            continue
        if not peaks or i > peaks[-1] + _WAIT:
            peaks.append(i)
    return np.array(peaks, np.int64)


def _mel_db(waveform: FloatArray) -> FloatArray:
    """Return the mel power spectrogram in dB, at most 80 dB below its maximum, (T, 128)."""
    padded = np.pad(waveform, _N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    bank = slaney_bank(sample_rate=SAMPLE_RATE, n_fft=_N_FFT, n_mels=_N_MELS, f_min=0.0, f_max=SAMPLE_RATE / 2)
    blocks = [
        (np.abs(np.fft.rfft(frames[i : i + _BLOCK_FRAMES] * window, axis=1)) ** 2) @ bank.T
        for i in range(0, len(frames), _BLOCK_FRAMES)
    ]
    db: FloatArray = 10.0 * np.log10(np.maximum(np.concatenate(blocks), 1e-10))
    limited: FloatArray = np.maximum(db, db.max() - _TOP_DB)
    return limited
