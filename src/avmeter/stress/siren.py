"""A sound from outside the set: a two-tone horn over the rumble of a motor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from avmeter.files import add_to_list
from avmeter.media.write import write_audio

SAMPLE_RATE = 24_000  # Hz
DURATION_S = 5.6
_TONES_HZ = (440.0, 585.0)
_PERIOD_S = 1.2


def render_siren(folder: Path) -> Path:
    """Write `siren.flac` into `folder`: a sound that has nothing to do with most clips."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_audio(add_to_list(folder / "siren.flac"), _siren()[None], SAMPLE_RATE)


def _siren() -> npt.NDArray[np.float32]:
    time_s = np.arange(round(DURATION_S * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = np.where(time_s % _PERIOD_S < _PERIOD_S / 2, *_TONES_HZ)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    horn = sum(np.sin(k * phase) / k for k in (1, 2, 3, 4, 5))
    motor = np.cumsum(np.random.default_rng(5).standard_normal(len(time_s)))
    motor -= np.convolve(motor, np.ones(601) / 601, mode="same")
    return np.asarray(0.18 * horn + 0.08 * motor / np.abs(motor).max(), np.float32)
