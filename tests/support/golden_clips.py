"""The real clip `ltx2.wav` and the published outputs for it; neither is part of the package."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

_SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"


def full_golden(name: str) -> dict[str, np.ndarray]:
    """Published outputs of a network with the cases of real clips; skips where they are absent."""
    path = _SHARED / "golden" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} with the cases of real clips is not here")
    return dict(np.load(path))


def ltx2_wave() -> tuple[Tensor, int]:
    """The stereo clip (2, 120832) and its rate, 24 kHz; skips where it is absent."""
    path = _SHARED / "media" / "ltx2.wav"
    if not path.is_file():
        pytest.skip("the clip ltx2.wav is not here")
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
        rate = file.getframerate()
    return torch.from_numpy(pcm.T.astype(np.float32) / 32768), rate
