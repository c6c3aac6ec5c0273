"""What UTMOSv2 reads: speech without its pauses, and pictures of cuts of it.

    cut (22400,) -> Hann windows of 4096, 2048, 1024 or 512 every 32 -> |FFT|^2 of 4096 -> 512 mel bands -> dB -> 0 to 1

Source: sarulab-speech/UTMOSv2, `_preprocess.py`, `dataset/_utils.py` and `dataset/multi_spec.py`, by librosa.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from avmeter.dsp.filterbank import slaney_bank
from avmeter.dsp.mel import MelSpec, mel_of_frames

SAMPLE_RATE = 16_000
WIN_LENGTHS = (4096, 2048, 1024, 512)
CUT = int(1.4 * SAMPLE_RATE)  # samples of a picture
_NUM_BANDS = 512
_N_FFT, _HOP_LENGTH = 4096, 32
_RANGE_DB = 80.0
_LEAST_POWER = 1e-10
_LEAST_LEVEL = 0.1
_LONGEST_PAUSE = 4800  # samples

FloatArray = npt.NDArray[np.float32]


def without_pauses(waveform: FloatArray) -> FloatArray:
    """Return a waveform (N,) without its runs of more than 0.3 s in which no sample is 0.1 or more.

    Samples below 0 count as quiet however far below they are, as published; of quiet speech nothing is left.
    """
    quiet = waveform < _LEAST_LEVEL
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    kept = np.ones(len(waveform), bool)
    for start, stop in edges.reshape(-1, 2):
        if stop - start > _LONGEST_PAUSE:
            kept[start:stop] = False
    return waveform[kept]


def repeated(waveform: FloatArray, length: int) -> FloatArray:
    """Return a waveform that has more samples than `length`: one that has fewer stands there several times."""
    return waveform if len(waveform) > length else np.tile(waveform, length // len(waveform) + 1)


def mel_image(cut: FloatArray, win_length: int) -> FloatArray:
    """Return the mel spectrum (512, 701) of a cut (22400,), 1 where it is loudest and 0 from 80 dB below on."""
    margin = win_length // 2
    padded = functional.pad(torch.from_numpy(np.asarray(cut, np.float64)), (margin, margin))
    frames = padded.unfold(-1, win_length, _HOP_LENGTH)[None]
    power = mel_of_frames(frames, dataclasses.replace(_SPEC, win_length=win_length))[0].clamp(min=_LEAST_POWER)
    decibels = 10 * (power / power.max()).log10()
    found: FloatArray = (1 + decibels.clamp(min=-_RANGE_DB) / _RANGE_DB).float().numpy()
    return found


_SPEC = MelSpec(
    sample_rate=SAMPLE_RATE,
    n_fft=_N_FFT,
    win_length=_N_FFT,
    hop_length=_HOP_LENGTH,
    n_mels=_NUM_BANDS,
    f_min=0.0,
    f_max=SAMPLE_RATE / 2,
    bank=slaney_bank,
)
