"""Clips for tests of ImageBind's extractors."""

from __future__ import annotations

import numpy as np

from avmeter.media import MediaItem
from golden import synth
from support.media import numbered

RATE = 16_000


def sound(seconds: float, channels: int = 1) -> MediaItem:
    """Return chirps in noise, one a channel, with an offset."""
    waves = [synth.chirp_noise(RATE, seconds, seed=i) + 0.1 for i in range(channels)]
    return MediaItem.from_audio(np.stack(waves)[:, : round(seconds * RATE)], RATE)


def video(num_frames: int, fps: float = 10) -> MediaItem:
    """Return frames that tell their number."""
    return MediaItem.from_frames(numbered(num_frames), fps)
