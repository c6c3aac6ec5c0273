"""Flows (121, 163, 2) of float32 that are the same on every machine, up to the rounding of sines."""

from __future__ import annotations

import numpy as np

PAIRS = (
    ("zoom", "zoom"), ("zoom", "elsewhere"), ("elsewhere", "right"), ("still", "right"), ("right", "still"),
    ("still", "still"), ("slow", "still"), ("waves", "zoom"), ("corner", "right"), ("right", "left"),
)  # fmt: skip
"""(generated, reference)."""


def flows() -> dict[str, np.ndarray]:
    """Return flows by name."""
    y, x = (axis.astype(np.float64) for axis in np.mgrid[:121, :163])
    parts = {
        "zoom": ((x - 80) / 20, (y - 60) / 20),
        "elsewhere": ((x - 70) / 15, (y - 50) / 18),
        "right": (0 * x + 3, 0 * y),
        "left": (0 * x - 4, 0 * y + 1),
        "still": (0 * x, 0 * y),
        "slow": (0 * x + 0.05, 0 * y + 0.05),
        "waves": (4 * np.sin(x / 9), 2 * np.cos(y / 7)),
        "corner": (np.where(x < 3, 5.0, 0.0), 0 * y),
    }
    return {name: np.stack(part, axis=-1).astype(np.float32) for name, part in parts.items()}
