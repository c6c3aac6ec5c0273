"""Frames of a video at 25 a second, as they are decoded."""

from __future__ import annotations

import numpy as np

from avmeter.media import MediaItem, rounded_rate_indices

FPS = 25.0


class Ticks:
    """Which frames are on the screen at every 1/25 s, as ffmpeg's filter `fps` picks them.

    Attributes:
        num_ticks: Steps of 1/25 s.
        frames: From the first of these frames to the last.
    """

    def __init__(self, clip: MediaItem) -> None:
        shown = rounded_rate_indices(clip.frame_times, FPS, clip.video_duration_s)
        self.num_ticks = len(shown)
        self.frames = range(int(shown[0]), int(shown[-1]) + 1) if len(shown) else range(0)
        self._first = np.searchsorted(shown, np.arange(self.frames.stop), side="left")
        self._stop = np.searchsorted(shown, np.arange(self.frames.stop), side="right")
        self._taken = iter(self.frames)

    def of_frame(self, number: int) -> range:
        """Return the ticks at which a frame is shown; none of one that is left out."""
        return range(int(self._first[number]), int(self._stop[number]))

    def of_next_frame(self) -> range:
        """Return those of the frame that follows, from the first of `frames` on: they are read in their order."""
        return self.of_frame(next(self._taken))
