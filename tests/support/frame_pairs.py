"""A generated clip and its reference, small and the same on every machine."""

from __future__ import annotations

import numpy as np


def waves_and_noise() -> tuple[np.ndarray, np.ndarray]:
    """Return (generated, reference), each (4, 48, 64, 3) uint8: moving waves, with noise and without."""
    y, x = np.mgrid[:48, :64]
    frames = [
        np.stack([127 + 90 * np.sin(x / (5 + c) + t / 2) * np.cos(y / (7 - c)) for c in range(3)], -1) for t in range(4)
    ]
    reference = np.stack(frames)
    noise = (np.arange(reference.size) * 7919 % 41 - 20).reshape(reference.shape)
    return tuple(np.clip(f, 0, 255).astype(np.uint8) for f in (reference + noise, reference))
