"""Which frame is on the screen when.

frame_times   0.00   0.04   0.08        0.16     seconds on the presentation clock, sorted
shown         [0....)[1....)[2.........)[3...    a frame stays until the next one comes
"""

from __future__ import annotations

import numpy as np

# Times come from integer time stamps through float64: this is far above their rounding and far below a frame.
TOLERANCE_S = 1e-6


def frames_at(frame_times: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Return the index of the frame on the screen at each time: the last that starts at or before it.

    Args:
        frame_times: (T,), T >= 1, seconds, sorted.
        times_s: Any shape, seconds.

    Returns:
        int64 of the shape of `times_s`. Times before the first frame give the first frame.
    """
    found = np.searchsorted(frame_times, np.asarray(times_s, np.float64) + TOLERANCE_S, side="right") - 1
    return np.maximum(found, 0).astype(np.int64)


def first_frame_from(frame_times: np.ndarray, time_s: float) -> int:
    """Return the index of the first frame that starts at or after a time; `len(frame_times)` if none does."""
    return int(np.searchsorted(frame_times, time_s - TOLERANCE_S, side="left"))


def last_frame_before(frame_times: np.ndarray, time_s: float) -> int:
    """Return the index of the last frame that starts before a time; -1 if none does."""
    return int(np.searchsorted(frame_times, time_s - TOLERANCE_S, side="left")) - 1


def fixed_rate_indices(frame_times: np.ndarray, fps: float, end_s: float) -> np.ndarray:
    """Return the frames on the screen at 0, 1/fps, 2/fps ... before `end_s`: the video at a fixed rate.

    Returns:
        (n,) int64 with n = the number of ticks k / fps < end_s.
    """
    num_ticks = max(0, int(np.ceil((end_s - TOLERANCE_S) * fps)))
    return frames_at(frame_times, np.arange(num_ticks) / fps)


def rounded_rate_indices(frame_times: np.ndarray, fps: float, end_s: float) -> np.ndarray:
    """Return the frames at a fixed rate as the `fps` filter of ffmpeg picks them.

    Each frame is moved to the nearest tick (half away from zero); a tick shows the last frame moved to it or before.

    Args:
        frame_times: (T,), T >= 1, seconds, sorted, the first at 0.
        fps: Rate of the result.
        end_s: End of the video, `video_duration_s`.

    Returns:
        (round(end_s * fps),) int64.
    """
    ticks = np.floor(np.asarray(frame_times, np.float64) * fps + 0.5 + TOLERANCE_S)
    num_ticks = int(np.floor(end_s * fps + 0.5 + TOLERANCE_S))
    found = np.searchsorted(ticks, np.arange(num_ticks), side="right") - 1
    return np.maximum(found, 0).astype(np.int64)


def video_duration_s(frame_times: np.ndarray, last_duration_s: float | None = None) -> float:
    """Return the time from the first frame to the end of the last one, seconds.

    Args:
        frame_times: (T,), sorted. No frames last 0 s.
        last_duration_s: How long the last frame is shown; by default the median distance of frames.
    """
    if not len(frame_times):
        return 0.0
    if last_duration_s is None:
        last_duration_s = float(np.median(np.diff(frame_times))) if len(frame_times) > 1 else 0.0
    return float(frame_times[-1] - frame_times[0]) + last_duration_s
