"""Moving pictures that are the same on every machine: whole numbers and integer arithmetic only."""

from __future__ import annotations

import numpy as np


def scene(num: int, *, height: int = 118, width: int = 163, late: int = 0, drift: int = 0, grain: int = 0) -> np.ndarray:
    """Return (num, height, width, 3) uint8: two blocks that move over a textured ground.

    Args:
        num: Frames.
        height: Of the frames.
        width: Of the frames.
        late: By how many frames everything happens later.
        drift: By how many pixels the second block is elsewhere.
        grain: Size of noise that differs from frame to frame, in levels.
    """
    y, x = np.mgrid[:height, :width]
    frames = np.repeat((60 + (x * 7 + y * 13) % 23 + (x // 16 + y // 16) % 2 * 30)[None], num, 0)
    for i in range(num):
        t = max(i - late, 0)
        left, top = 10 + 3 * t % (width - 40), 20 + t
        frames[i, top : top + 24, left : left + 30] = 200 - t
        down = 8 + (5 * t) % (height - 40)
        frames[i, down : down + 16, 90 + drift : 120 + drift] = 20 + 2 * t
    colours = np.stack([frames, frames * 3 // 4 + 20, 255 - frames], -1)
    if grain:
        index = np.arange(colours.size, dtype=np.int64).reshape(colours.shape)
        colours = colours + index * 7919 % 104729 % (2 * grain + 1) - grain
    return np.clip(colours, 0, 255).astype(np.uint8)


def damaged(frames: np.ndarray) -> dict[str, np.ndarray]:
    """Return generated clips of a real one: name -> frames of the same shape."""
    index = np.arange(frames[0].size, dtype=np.int64).reshape(frames[0].shape)
    noise = index * 7919 % 104729 % 25 - 12
    return {
        "shifted": np.roll(frames, 7, 2),
        "noisy": np.clip(frames.astype(np.int16) + noise, 0, 255).astype(np.uint8),
        "backwards": frames[::-1],
        "late": np.concatenate([frames[:1].repeat(5, 0), frames[:-5]]),
    }
