"""The mel spectrogram that NISQA reads: of a clip at its own sample rate.

    waveform (N,) -> frames of 20 ms every 10 ms, mirrored at the ends -> |FFT| of 4096 points -> 48 bands to 20 kHz
      -> dB

Source: `get_librosa_melspec` of NISQA's `NISQA_lib.py` with the arguments that `nisqa.tar` holds, by librosa. A clip of
less than 40 kHz has empty bands at the top, which the network was trained to read as band limitation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.dsp.filterbank import Bank, slaney_bank
from avmeter.dsp.mel import MelSpec, mel_of_frames

NUM_BANDS = 48
_N_FFT = 4096
_F_MAX = 20_000.0
_FRAME_S, _HOP_S = 0.02, 0.01
_FLOOR_DB, _RANGE_DB = -80.0, 80.0
_BLOCK_FRAMES = 512


def hop_length(sample_rate: int) -> int:
    """Return the samples from one frame to the next, rounded down as published."""
    return int(sample_rate * _HOP_S)


def num_frames(num_samples: int, sample_rate: int) -> int:
    """Return the frames of a clip: one is centred on every `hop_length`-th sample."""
    return 1 + num_samples // hop_length(sample_rate)


def nisqa_mel(waveform: Any, sample_rate: int) -> Tensor:
    """Build the spectrogram of a whole clip.

    Args:
        waveform: (N,), an array or what reads like one; more samples than half a frame has.
        sample_rate: Hz, of the clip itself.

    Returns:
        (48, 1 + N // hop) float32, dB of the magnitude, from -80 up; at most 80 dB below the loudest band of the clip.
    """
    win_length, hop = int(sample_rate * _FRAME_S), hop_length(sample_rate)
    spec = MelSpec(
        sample_rate=sample_rate,
        n_fft=_N_FFT,
        win_length=win_length,
        hop_length=hop,
        n_mels=NUM_BANDS,
        f_min=0.0,
        f_max=_F_MAX,
        bank=_bank,
        exponent=1,
    )
    # As librosa centres a window in its transform: an odd one begins one sample earlier.
    margin = win_length - win_length // 2
    mirrored = np.pad(np.asarray(waveform[:], np.float32), margin, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, win_length)[::hop][
        : num_frames(len(waveform), sample_rate)
    ]
    blocks = [
        mel_of_frames(torch.from_numpy(frames[i : i + _BLOCK_FRAMES].astype(np.float64))[None], spec)[0]
        for i in range(0, len(frames), _BLOCK_FRAMES)
    ]
    decibel = (20 * torch.cat(blocks, dim=1).log10()).clamp(min=_FLOOR_DB)
    return decibel.clamp(min=float(decibel.max()) - _RANGE_DB).float()


def _bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Bank:
    """Slaney's bank, whose bands may lie above half the sample rate: those are empty."""
    factor = math.ceil(2 * f_max / sample_rate)
    wide = slaney_bank(sample_rate=factor * sample_rate, n_fft=factor * n_fft, n_mels=n_mels, f_min=f_min, f_max=f_max)
    return wide[:, : n_fft // 2 + 1]
