"""Mean absolute difference of each frame of a clip from the next, in steps of 8 bits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer, FrameExtractor, as_bytes
from avmeter.media import MediaItem
from avmeter.registry import register_extractor


@register_extractor("frame_changes")
class FrameChangesExtractor(FrameExtractor):
    """Array `mae` (T - 1,) float64, from 0 to 255; fact `num_frames`."""

    needs_rate = False

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Changes(*clips)


class _Changes(FrameConsumer):
    def __init__(self, clip: MediaItem) -> None:
        self.ranges = (range(len(clip.frame_times)),)
        self._before: np.ndarray | None = None
        self._mae: list[float] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        now = as_bytes(frame)
        if self._before is not None:
            change = np.maximum(now, self._before) - np.minimum(now, self._before)
            self._mae.append(float(change.sum(dtype=np.uint64)) / change.size)
        self._before = now
        return ()

    def finish(self) -> Features:
        return Features(arrays={"mae": np.array(self._mae, np.float64)}, facts={"num_frames": len(self.ranges[0])})
