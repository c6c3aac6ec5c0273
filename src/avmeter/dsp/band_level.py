"""Levels of a band of a sound, 25 a second, and the slow part of such lines.

waveform -> 80 ms with a Hann window around the middle of every 40 ms -> amplitude of 500 to 4000 Hz
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
FPS = 25
HOP_LENGTH = SAMPLE_RATE // FPS
_WINDOW = 2 * HOP_LENGTH
_LOW_HZ, _HIGH_HZ = 500.0, 4000.0
_BLOCK_FRAMES = 1024
_PADDING = FPS  # values, a second

FloatArray = npt.NDArray[np.float64]


def band_levels(waveform: Any) -> FloatArray:
    """Return the root mean square from 500 to 4000 Hz around every 1/25 s, (N // 640,).

    Args:
        waveform: Mono (N,) at 16 kHz; an array, or what reads like one by slices: it is read block by block.
    """
    count = len(waveform) // HOP_LENGTH
    shape = np.hanning(_WINDOW + 1)[:-1]
    hertz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)
    inside = (hertz >= _LOW_HZ) & (hertz <= _HIGH_HZ)
    scale = np.sqrt(2 / (_WINDOW * (shape**2).sum()))
    levels = np.empty(count)
    for first in range(0, count, _BLOCK_FRAMES):
        stop = min(first + _BLOCK_FRAMES, count)
        start, end = first * HOP_LENGTH - HOP_LENGTH // 2, stop * HOP_LENGTH + HOP_LENGTH // 2
        block = np.asarray(waveform[max(start, 0) : end], np.float64)
        block = np.pad(block, (max(-start, 0), max(end - len(waveform), 0)))
        frames = np.lib.stride_tricks.sliding_window_view(block, _WINDOW)[::HOP_LENGTH]
        spectrum = np.fft.rfft(frames * shape)[:, inside]
        levels[first:stop] = scale * np.sqrt((np.abs(spectrum) ** 2).sum(axis=1))
    return levels


def rhythm(values: FloatArray, *, low_hz: float, high_hz: float) -> FloatArray:
    """Return the part of a line (T,), 25 values a second, between two frequencies, in phase with it.

    Beyond its ends the line is continued as its mirror image, turned around its last value; the slope from end to end
    is taken off.
    """
    extended = np.pad(values, min(_PADDING, len(values) - 1), mode="reflect", reflect_type="odd")
    extended = extended - np.linspace(extended[0], extended[-1], len(extended))
    spectrum = np.fft.rfft(extended)
    hertz = np.fft.rfftfreq(len(extended), 1 / FPS)
    spectrum[(hertz < low_hz) | (hertz > high_hz)] = 0
    padding = (len(extended) - len(values)) // 2
    found: FloatArray = np.fft.irfft(spectrum, len(extended))[padding : padding + len(values)]
    return found
