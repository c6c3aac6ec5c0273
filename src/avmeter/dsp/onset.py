"""Onsets of a waveform: where something begins to sound.

Spectral flux on a mel spectrogram and peak picking with the settings of librosa's `onset_strength` and
`onset_detect`, on which published alignment scores rest (22.05 kHz, hop 512).
"""

from __future__ import annotations

from typing import Any

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
DELTA = 0.07
"""By how much the strength of an onset, 0 to 1, stands above the mean around it: librosa's default."""
_BLOCK_FRAMES = 4096
_MAX_BLOCKS = 16  # 64 MiB of spectrogram, 25 minutes of sound

FloatArray = npt.NDArray[np.float64]


def onset_times(waveform: Any, *, delta: float = DELTA) -> FloatArray:
    """Return the times of onsets.

    Args:
        waveform: Mono (N,) at 22.05 kHz; an array, or what reads like one by slices: it is read block by block.
        delta: As of `pick_peaks`.

    Returns:
        Seconds from the start, ascending; empty for silence.
    """
    strength = onset_strength(waveform)
    span = strength.max(initial=0.0) - strength.min(initial=0.0)
    if not span > 0:
        return np.zeros(0)
    peaks = pick_peaks((strength - strength.min()) / span, delta=delta)
    return peaks.astype(np.float64) * (HOP_LENGTH / SAMPLE_RATE)


def onset_strength(waveform: Any) -> FloatArray:
    """Return the mean rise over mel bands in dB from one frame to the next, (1 + N // 512,).

    The floor of 80 dB below the loudest needs the whole first, so a long waveform is read twice: its spectrogram takes
    more memory than itself.
    """
    num_frames = 1 + len(waveform) // HOP_LENGTH
    starts = range(0, num_frames, _BLOCK_FRAMES)
    is_long = len(starts) > _MAX_BLOCKS
    blocks = None if is_long else [_mel_db(waveform, start) for start in starts]
    floor = max(float(db.max()) for db in blocks or (_mel_db(waveform, start) for start in starts)) - _TOP_DB
    flux: list[FloatArray] = []
    before: FloatArray | None = None
    for db in blocks or (_mel_db(waveform, start) for start in starts):
        limited = np.maximum(db, floor)
        joined = limited if before is None else np.concatenate([before, limited])
        flux.append(np.maximum(0.0, np.diff(joined, axis=0)).mean(axis=1).astype(np.float64))
        before = limited[-1:]
    # The frames are centred: shifted by the lag and by half a window, cut to the number of frames.
    shifted = np.concatenate([np.zeros(1 + _N_FFT // (2 * HOP_LENGTH)), *flux])
    return shifted[:num_frames]


def pick_peaks(strength: FloatArray, *, delta: float = DELTA) -> npt.NDArray[np.int64]:
    """Return the frames that are the maximum of their neighbourhood, well above its mean, and not too close.

    Args:
        strength: (T,), 0 to 1.
        delta: How far above the mean of [-100, +100] ms.
    """
    padded = np.concatenate([np.full(_PRE_MAX, -np.inf), strength, np.full(_POST_MAX - 1, -np.inf)])
    largest = np.lib.stride_tricks.sliding_window_view(padded, _PRE_MAX + _POST_MAX).max(axis=1)
    peaks: list[int] = []
    for i in np.flatnonzero(strength == largest).tolist():
        if strength[i] < strength[max(0, i - _PRE_AVG) : i + _POST_AVG].mean() + delta:
            continue
        if not peaks or i > peaks[-1] + _WAIT:
            peaks.append(i)
    return np.array(peaks, np.int64)


def _mel_db(waveform: Any, start: int) -> FloatArray:
    """Return a block of the mel power spectrogram in dB from a frame on, (at most 4096, 128).

    Frame i is centred at sample 512 i; beyond the ends is silence.
    """
    num_samples = len(waveform)
    stop = min(1 + num_samples // HOP_LENGTH, start + _BLOCK_FRAMES)
    first, last = start * HOP_LENGTH - _N_FFT // 2, (stop - 1) * HOP_LENGTH + _N_FFT // 2
    part = np.asarray(waveform[max(0, first) : min(num_samples, last)], np.float64)
    padded = np.pad(part, (max(0, -first), max(0, last - num_samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    bank = slaney_bank(sample_rate=SAMPLE_RATE, n_fft=_N_FFT, n_mels=_N_MELS, f_min=0.0, f_max=SAMPLE_RATE / 2)
    power = (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2) @ bank.T
    db: FloatArray = 10.0 * np.log10(np.maximum(power, 1e-10))
    return db
