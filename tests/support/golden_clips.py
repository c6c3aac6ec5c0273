"""The real clip `ltx2.wav` and the published outputs for it; neither is part of the package."""

from __future__ import annotations

import wave

import numpy as np
import torch
from torch import Tensor

from support import require


def full_golden(name: str) -> dict[str, np.ndarray]:
    """Published outputs of a network with the cases of real clips; skips where they are absent."""
    return dict(np.load(require.golden(f"{name}.npz")))


def ltx2_wave() -> tuple[Tensor, int]:
    """The stereo clip (2, 120832) and its rate, 24 kHz; skips where it is absent."""
    with wave.open(str(require.media("ltx2.wav"))) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
        rate = file.getframerate()
    return torch.from_numpy(pcm.T.astype(np.float32) / 32768), rate
