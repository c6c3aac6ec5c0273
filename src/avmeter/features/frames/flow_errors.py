"""Optical flow of each pair of frames of a generated clip against that of its reference, in twelve numbers.

The numbers are those of `avmeter.stats.optical_flow`. The flow is one of OpenCV's, of grey frames at their own size:

    dis          dense inverse search (Kroeger et al. 2016), preset "medium"
    farneback    Farnebäck (2003), with the settings of `motion`
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer, FrameExtractor, as_bytes
from avmeter.features.frames.base import SharedFrames
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.stats.optical_flow import FLOW_NUMBERS, FlowMask, compare_flows

_SMALLEST = 16  # pixels of a side that OpenCV finds a flow over


def _dis(before: Frame, now: Frame) -> np.ndarray:
    import cv2

    flow: np.ndarray = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(before, now, None)
    return flow


def _farneback(before: Frame, now: Frame) -> np.ndarray:
    import cv2

    flow: np.ndarray = cv2.calcOpticalFlowFarneback(
        before, now, None, pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5, poly_sigma=1.2, flags=0
    )
    return flow


METHODS: Mapping[str, Callable[[Frame, Frame], np.ndarray]] = MappingProxyType({"dis": _dis, "farneback": _farneback})


@register_extractor("flow_errors")
class FlowErrorsExtractor(FrameExtractor):
    """An array (T - 1,) float64 for each name of `FLOW_NUMBERS`; facts are the numbers of frames.

    Args:
        method: Name of a flow.
        min_mag: Pixels that move by less on both sides are left out.
        max_mag_pct: Pixels that move by more than this percentile are left out.
        grid_size: Rows and columns of cells.
    """

    num_clips = 2
    dependencies = ("cv2",)
    extra = "flow"
    option_names = ("method", "min_mag", "max_mag_pct", "grid_size")

    def __init__(
        self, *, method: str = "dis", min_mag: float = 0.5, max_mag_pct: float = 80.0, grid_size: int = 8
    ) -> None:
        if method not in METHODS:
            raise UnknownNameError.among("flow", method, METHODS)
        self.method = method
        self.min_mag = min_mag
        self.max_mag_pct = max_mag_pct
        self.grid_size = grid_size

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        """Return what takes the frames of a generated clip and its reference."""
        return _Comparison(self, *clips)


class _Comparison(FrameConsumer):
    def __init__(self, options: FlowErrorsExtractor, generated: MediaItem, reference: MediaItem) -> None:
        shared = SharedFrames(generated, reference)
        stream, least = generated.info.video[0], max(_SMALLEST, options.grid_size)
        if min(stream.width, stream.height) < least:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{generated.name} is {stream.width}x{stream.height}: optical flow needs {least}x{least}",
            )
        if shared.facts["num_frames"] < 2:
            raise SkipError(SkipCode.TOO_SHORT, f"{generated.name}: 1 frame in common; optical flow needs 2")
        self.ranges = shared.ranges
        self._facts = shared.facts
        self._flow = METHODS[options.method]
        self._mask = FlowMask(min_mag=options.min_mag, max_mag_pct=options.max_mag_pct)
        self._grid_size = options.grid_size
        self._before: list[np.ndarray] = []
        self._found: list[dict[str, float]] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        now = [_grey(frame) for frame in frames]
        if self._before:
            generated, reference = (self._flow(a, b) for a, b in zip(self._before, now, strict=True))
            numbers = compare_flows(
                generated=generated, reference=reference, mask=self._mask, grid_size=self._grid_size
            )
            self._found.append(numbers)
        self._before = now
        return ()

    def finish(self) -> Features:
        arrays = {name: np.array([numbers[name] for numbers in self._found]) for name in FLOW_NUMBERS}
        return Features(arrays=arrays, facts=self._facts)


def _grey(frame: Any) -> np.ndarray:
    import cv2

    grey: np.ndarray = cv2.cvtColor(np.ascontiguousarray(as_bytes(frame)), cv2.COLOR_RGB2GRAY)
    return grey
