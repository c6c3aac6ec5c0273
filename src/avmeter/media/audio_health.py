"""Plain measures of a waveform that tell what is wrong with it before any network reads it.

Waveforms are (N,) float32, arrays or `Spool`s: they are read block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOCK_SAMPLES = 1 << 16
# The largest positive value of 16-bit PCM.
_FULL_SCALE = 1.0 - 2.0**-15
_CLIPPED_RUN = 3
_N_FFT = 4096


def silence_share(
    waveform: Any, sample_rate: int, *, threshold_dbfs: float = -60.0, frame_s: float = 0.05
) -> float | None:
    """Return the share of 50 ms frames whose RMS is below a threshold, in [0, 1]; None without samples."""
    length = max(1, round(frame_s * sample_rate))
    floor = 10 ** (threshold_dbfs / 10)
    num_silent = num_frames = 0
    for block in _blocks(waveform, length * max(1, _BLOCK_SAMPLES // length)):
        squares = np.square(block, dtype=np.float64)
        starts = np.arange(0, len(block), length)
        counts = np.diff(np.append(starts, len(block)))
        num_silent += int(np.count_nonzero(np.add.reduceat(squares, starts) < floor * counts))
        num_frames += len(starts)
    return num_silent / num_frames if num_frames else None


def clipping_share(waveform: Any) -> float | None:
    """Return the share of samples in runs of at least three at or beyond full scale, in [0, 1]; None without samples.

    Full scale is that of 16 bits, 1 - 2^-15. A low tone that just reaches it counts too.
    """
    num_clipped = run = num_samples = 0
    for block in _blocks(waveform, _BLOCK_SAMPLES):
        num_samples += len(block)
        full = np.concatenate([[False], np.abs(block) >= _FULL_SCALE, [False]])
        edges = np.flatnonzero(full[1:] != full[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            carried = run if start == 0 else 0
            length = stop - start
            if carried + length >= _CLIPPED_RUN:
                num_clipped += length + (carried if carried < _CLIPPED_RUN else 0)
        run = _run_at_end(full[1:-1], run)
    return num_clipped / num_samples if num_samples else None


def dc_offset(waveform: Any) -> float | None:
    """Return the mean of the waveform, full scale 1; None without samples."""
    total, num_samples = 0.0, 0
    for block in _blocks(waveform, _BLOCK_SAMPLES):
        total += float(block.sum(dtype=np.float64))
        num_samples += len(block)
    return total / num_samples if num_samples else None


def bandwidth_hz(waveform: Any, sample_rate: int, *, range_db: float = 80.0) -> float | None:
    """Return the highest frequency whose mean power is within `range_db` of that of the loudest, Hz; None for silence.

    Welch's method with Hann windows of 4096 samples that overlap by half. Tells sound that was recorded or generated
    at a lower rate than that of the file.
    """
    window = np.hanning(_N_FFT + 1)[:-1]
    power, tail = np.zeros(_N_FFT // 2 + 1), np.empty(0, np.float32)
    for block in _blocks(waveform, _BLOCK_SAMPLES):
        tail = np.concatenate([tail, block])
        if len(tail) < _N_FFT:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(tail, _N_FFT)[:: _N_FFT // 2]
        power += np.square(np.abs(np.fft.rfft(frames * window, axis=1))).sum(axis=0)
        tail = tail[len(frames) * (_N_FFT // 2) :]
    if not power.any() and len(tail):
        padded = np.zeros(_N_FFT)
        padded[: min(len(tail), _N_FFT)] = tail[:_N_FFT]
        power = np.square(np.abs(np.fft.rfft(padded * window)))
    loudest = float(power.max())
    if loudest <= 0:
        return None
    highest = int(np.flatnonzero(power >= loudest * 10 ** (-range_db / 10))[-1])
    return highest * sample_rate / _N_FFT


def _blocks(waveform: Any, num_samples: int) -> Iterator[np.ndarray]:
    for start in range(0, len(waveform), num_samples):
        yield np.asarray(waveform[start : start + num_samples])


def _run_at_end(full: np.ndarray, run: int) -> int:
    """Return the length of the run of True at the end of a block, with what earlier blocks carried into it."""
    breaks = np.flatnonzero(~full)
    return run + len(full) if not len(breaks) else len(full) - 1 - int(breaks[-1])
