"""Mean squared error of each frame of a generated clip against the frame of equal number of its reference."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer, FrameExtractor
from avmeter.features.frames.base import SharedFrames, as_unit
from avmeter.media import MediaItem
from avmeter.registry import register_extractor


@register_extractor("frame_mse")
class FrameMseExtractor(FrameExtractor):
    """Array `mse` (T,) float64, of values from 0 to 1; facts are the numbers of frames."""

    num_clips = 2

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Errors(*clips)


class _Errors(FrameConsumer):
    def __init__(self, generated: MediaItem, reference: MediaItem) -> None:
        shared = SharedFrames(generated, reference)
        self.ranges = shared.ranges
        self._facts = shared.facts
        self._mse: list[float] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        generated, reference = frames
        assert generated is not None
        assert reference is not None
        difference = as_unit(generated) - as_unit(reference)
        rows = difference.reshape(len(difference), -1)
        self._mse.append(float(np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64) / difference.size))
        return ()

    def finish(self) -> Features:
        return Features(arrays={"mse": np.array(self._mse, np.float64)}, facts=self._facts)
