"""Which events of two series belong together: those that are near in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def count_matches(
    generated_s: npt.NDArray[np.float64], reference_s: npt.NDArray[np.float64], *, tolerance_s: float
) -> int:
    """Return the size of the largest one-to-one matching of two ascending series of times.

    On a line, pairing each time with the earliest one still free is optimal.

    Args:
        generated_s: (N,) times of what is measured: onsets of a sound.
        reference_s: (M,) times it is measured against: onsets of a reference, peaks of motion.
        tolerance_s: Times match when less than this apart.
    """
    matched = i = j = 0
    while i < len(generated_s) and j < len(reference_s):
        gap = generated_s[i] - reference_s[j]
        if abs(gap) < tolerance_s:
            matched, i, j = matched + 1, i + 1, j + 1
        elif gap > 0:
            j += 1
        else:
            i += 1
    return matched
