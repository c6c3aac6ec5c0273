"""Plain measures of a waveform or a picture that tell what is wrong with a clip before any network looks at it.

Waveforms are (N,) float32, arrays or `Spool`s: they are read block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOCK_POINTS = 1 << 16
# The largest positive value of 16-bit PCM.
_FULL_SCALE = 1.0 - 2.0**-15
_CLIPPED_RUN = 3
_N_FFT = 4096
_CELL = 8
_FRAMES_AT_ONCE = 16


def silence_share(
    waveform: Any, sample_rate: int, *, threshold_dbfs: float = -60.0, frame_s: float = 0.05
) -> float | None:
    """Share of 50 ms frames whose RMS is below a threshold, in [0, 1]; None without points."""
    length = max(1, round(frame_s * sample_rate))
    floor = 10 ** (threshold_dbfs / 10)
    num_silent = num_frames = 0
    for block in _blocks(waveform, length * max(1, _BLOCK_POINTS // length)):
        squares = np.square(block, dtype=np.float64)
        starts = np.arange(0, len(block), length)
        counts = np.diff(np.append(starts, len(block)))
        num_silent += int(np.count_nonzero(np.add.reduceat(squares, starts) < floor * counts))
        num_frames += len(starts)
    return num_silent / num_frames if num_frames else None


def clipping_share(waveform: Any) -> float | None:
    """Share of points in runs of at least three at or beyond full scale, in [0, 1]; None without points.

    Full scale is that of 16 bits, 1 - 2^-15. A low tone that just reaches it counts too.
    """
    num_clipped = run = num_points = 0
    for block in _blocks(waveform, _BLOCK_POINTS):
        num_points += len(block)
        full = np.concatenate([[False], np.abs(block) >= _FULL_SCALE, [False]])
        edges = np.flatnonzero(full[1:] != full[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            carried = run if start == 0 else 0
            length = stop - start
            if carried + length >= _CLIPPED_RUN:
                num_clipped += length + (carried if carried < _CLIPPED_RUN else 0)
        run = _run_at_end(full[1:-1], run)
    return num_clipped / num_points if num_points else None


def dc_offset(waveform: Any) -> float | None:
    """Mean of the waveform, full scale 1; None without points."""
    total, num_points = 0.0, 0
    for block in _blocks(waveform, _BLOCK_POINTS):
        total += float(block.sum(dtype=np.float64))
        num_points += len(block)
    return total / num_points if num_points else None


def bandwidth_hz(waveform: Any, sample_rate: int, *, range_db: float = 80.0) -> float | None:
    """The highest frequency whose mean power is within `range_db` of that of the loudest, Hz; None for silence.

    Welch's method with Hann windows of 4096 points that overlap by half. Tells sound that was recorded or generated
    at a lower rate than that of the file.
    """
    window = np.hanning(_N_FFT + 1)[:-1]
    power, tail = np.zeros(_N_FFT // 2 + 1), np.empty(0, np.float32)
    for block in _blocks(waveform, _BLOCK_POINTS):
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


def still_picture(frames: Any, *, tolerance: float = 4 / 255) -> bool:
    """Whether no frame differs from the first by more than compression noise.

    Args:
        frames: (T, 3, H, W), uint8 or float in [0, 1]; an array or what reads like one.
        tolerance: Largest difference of the mean of a cell of 8 x 8 pixels, full scale 1.

    Returns:
        True also for a single frame and for none.
    """
    first: np.ndarray | None = None
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        cells = _cells(np.asarray(frames[start : start + _FRAMES_AT_ONCE]))
        if first is None:
            first = cells[:1]
        if float(np.abs(cells - first).max(initial=0.0)) > tolerance:
            return False
    return True


def _blocks(waveform: Any, num_points: int) -> Iterator[np.ndarray]:
    for start in range(0, len(waveform), num_points):
        yield np.asarray(waveform[start : start + num_points])


def _run_at_end(full: np.ndarray, run: int) -> int:
    """Length of the run of True that reaches the end of a block, with what earlier blocks carried into it."""
    breaks = np.flatnonzero(~full)
    return run + len(full) if not len(breaks) else len(full) - 1 - int(breaks[-1])


def _cells(frames: np.ndarray) -> np.ndarray:
    scale = 255.0 if frames.dtype == np.uint8 else 1.0
    height, width = frames.shape[2:]
    rows, columns = np.arange(0, height, _CELL), np.arange(0, width, _CELL)
    sums = np.add.reduceat(np.add.reduceat(frames.astype(np.float32), rows, axis=2), columns, axis=3)
    sizes = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    return np.asarray(sums / (sizes * scale))
