"""Whether a video is a still image: one definition for all that ask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# Largest difference, in steps of 8 bits, that is no motion: x264 leaves up to 9 in a photograph.
STILL_STEPS = 10


def is_still(frames: Iterable[np.ndarray]) -> bool:
    """Return whether no frame differs from the first one in any pixel by more than an encoder's noise.

    Args:
        frames: Of equal shape, uint8 or float in [0, 1]; read up to the first one that differs.

    Returns:
        True also for a single frame and for none.
    """
    initial: np.ndarray | None = None
    for frame in frames:
        if initial is None:
            initial = np.asarray(frame)
        elif differs(initial, np.asarray(frame)):
            return False
    return True


def differs(reference: np.ndarray, frame: np.ndarray) -> bool:
    """Return whether a pixel of two frames, uint8 or float in [0, 1], differs by more than `STILL_STEPS`."""
    if frame.dtype == np.uint8:
        return bool((np.maximum(reference, frame) - np.minimum(reference, frame)).max(initial=0) > STILL_STEPS)
    return float(np.abs(frame - reference).max(initial=0.0)) > STILL_STEPS / 255
