"""What two channels say of space: energies of mid and side, level and time between the ears, their correlation.

    mid = (left + right) / 2    side = (left - right) / 2

    width = E(side) / (E(side) + E(mid))
    level difference = 10 log10(E(left) / E(right))
    correlation at lag k = sum_n left[n] right[n + k] / sqrt(E(left) E(right)),  |k| <= 1 ms

The largest magnitude of the correlation is the interaural cross-correlation coefficient (IACC) of ISO 3382-1, here over
a whole recording, and the time difference is where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_LAG_S = 0.001
_BLOCK = 1 << 18

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class StereoImage:
    """Measures of two channels; None where a silent channel leaves nothing to compare.

    Attributes:
        width: Share of the energy that is in the side, 0 to 1: 0 for equal channels, 1/2 for unrelated ones of one
            level or for one channel alone, 1 for opposite ones.
        level_difference_db: Left above right.
        time_difference_s: By how much the left channel is ahead, within 1 ms.
        correlation: Of the channels as they are, -1 to 1.
        iacc: Largest magnitude of their correlation within 1 ms, 0 to 1.
    """

    width: float | None
    level_difference_db: float | None
    time_difference_s: float | None
    correlation: float | None
    iacc: float | None


#: Of mono, which both ears get alike.
EQUAL_CHANNELS = StereoImage(width=0.0, level_difference_db=0.0, time_difference_s=0.0, correlation=1.0, iacc=1.0)


def measure_stereo(samples: Any, sample_rate: int) -> StereoImage:
    """Measure two channels.

    Args:
        samples: (2, N), left and right; an array, or what reads like one by slices: it is read block by block.
        sample_rate: Hz.
    """
    max_lag = round(MAX_LAG_S * sample_rate)
    left = right = mid = side = 0.0
    products = np.zeros(2 * max_lag + 1)
    num_samples = samples.shape[1]
    for start in range(0, num_samples, _BLOCK):
        stop = min(num_samples, start + _BLOCK)
        a, b = _padded(samples, start - max_lag, stop + max_lag)
        inner = slice(max_lag, max_lag + stop - start)
        left, right = left + _energy(a[inner]), right + _energy(b[inner])
        mid, side = mid + _energy((a + b)[inner] / 2), side + _energy((a - b)[inner] / 2)
        products += np.correlate(b, a[inner], "valid")
    width = side / (side + mid) if side + mid else None
    if not left or not right:
        return StereoImage(width=width, level_difference_db=None, time_difference_s=None, correlation=None, iacc=None)
    correlation = products / np.sqrt(left * right)
    return StereoImage(
        width=width,
        level_difference_db=float(10 * np.log10(left / right)),
        time_difference_s=(_peak(np.abs(correlation)) - max_lag) / sample_rate,
        correlation=float(correlation[max_lag]),
        iacc=float(np.abs(correlation).max()),
    )


def _energy(samples: FloatArray) -> float:
    return float(samples @ samples)


def _padded(samples: Any, start: int, stop: int) -> FloatArray:
    """Return samples (2, stop - start) with zeros beyond both ends."""
    num_samples = samples.shape[1]
    part = np.asarray(samples[:, max(0, start) : min(num_samples, stop)], np.float64)
    return np.pad(part, ((0, 0), (max(0, -start), max(0, stop - num_samples))))


def _peak(values: FloatArray) -> float:
    """Return where the largest value lies, between indices by the parabola through it and its neighbours."""
    i = int(values.argmax())
    if not 0 < i < len(values) - 1:
        return float(i)
    before, top, after = values[i - 1 : i + 2]
    bend = before - 2 * top + after
    return i + float((before - after) / (2 * bend)) if bend else float(i)
