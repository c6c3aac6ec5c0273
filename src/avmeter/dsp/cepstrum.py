"""Mel-frequency cepstra of speech, as SyncNet was trained on them.

    samples -> less 0.97 of the one before -> frames of 25 ms, every 10 ms, no window -> |FFT|^2 / 512 (T, 257)
      -> 26 triangles (T, 26) -> logarithm -> cosine transform, 13 of it (T, 13) -> lifter
                                                         first coefficient: logarithm of the frame's whole energy

Samples are on the scale of 16 bits, which the first coefficient shows. An energy of 0 counts as the smallest step of
float64.

Source: python_speech_features 0.6, `mfcc` with its defaults.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000  # Hz
FRAME_LENGTH, HOP_LENGTH = 400, 160  # samples: 25 ms, 10 ms
NUM_COEFFICIENTS = 13
_N_FFT, _NUM_BANDS = 512, 26
_PREEMPHASIS = 0.97
_LIFTER = 22
_LEAST = float(np.finfo(np.float64).eps)
_MEL_FACTOR, _MEL_BREAK_HZ = 2595.0, 700.0


def speech_cepstrum(samples: npt.NDArray[np.float64], *, before: float = 0.0) -> npt.NDArray[np.float64]:
    """Return the cepstrum (T, 13) of all whole frames of a waveform at 16 kHz.

    Args:
        samples: (N,), on the scale of 16 bits.
        before: The sample before the first one; 0 at the beginning of a recording.

    Source: as above; differs from it at the end, where a frame that is not whole is padded with zeros there.
    """
    if len(samples) < FRAME_LENGTH:
        return np.zeros((0, NUM_COEFFICIENTS))
    emphasised = samples - _PREEMPHASIS * np.concatenate([[before], samples[:-1]])
    frames = np.lib.stride_tricks.sliding_window_view(emphasised, FRAME_LENGTH)[::HOP_LENGTH]
    power = np.abs(np.fft.rfft(frames, _N_FFT)) ** 2 / _N_FFT
    bands = np.log(_positive(power @ _triangles().T))
    cepstrum: npt.NDArray[np.float64] = bands @ _cosines().T * _lifter()
    cepstrum[:, 0] = np.log(_positive(power.sum(axis=1)))
    return cepstrum


def _positive(energy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(energy == 0, _LEAST, energy)


@lru_cache(maxsize=1)
def _triangles() -> npt.NDArray[np.float64]:
    """Return the filterbank (26, 257): triangles whose corners are whole bins, equally far apart on the mel scale."""
    top_mel = _MEL_FACTOR * np.log10(1 + SAMPLE_RATE / 2 / _MEL_BREAK_HZ)
    hz = _MEL_BREAK_HZ * (10 ** (np.linspace(0, top_mel, _NUM_BANDS + 2) / _MEL_FACTOR) - 1)
    corners = np.floor((_N_FFT + 1) * hz / SAMPLE_RATE)
    bins = np.arange(_N_FFT // 2 + 1)
    left, centre, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising = np.where((bins >= left) & (bins < centre), (bins - left) / (centre - left), 0.0)
    falling = np.where((bins >= centre) & (bins < right), (right - bins) / (right - centre), 0.0)
    return rising + falling


@lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    """Return the first rows (13, 26) of the orthonormal cosine transform of the second kind."""
    order, place = np.arange(NUM_COEFFICIENTS)[:, None], np.arange(_NUM_BANDS)[None]
    rows: npt.NDArray[np.float64] = np.sqrt(2 / _NUM_BANDS) * np.cos(np.pi * order * (place + 0.5) / _NUM_BANDS)
    rows[0] /= np.sqrt(2)
    return rows


@lru_cache(maxsize=1)
def _lifter() -> npt.NDArray[np.float64]:
    lifter: npt.NDArray[np.float64] = 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(NUM_COEFFICIENTS) / _LIFTER)
    return lifter
