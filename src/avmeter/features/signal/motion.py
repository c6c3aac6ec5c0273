"""How much moves between frames: mean magnitude of dense optical flow.

Farneback's method with the settings of the published AV-Align. Frames with a short side above 480 pixels are shrunk
to that first, which the published tool does not do: the flow of larger frames costs seconds a frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features
from avmeter.media import FrameRequest, MediaItem, Resize, differs
from avmeter.registry import register_extractor

LARGEST_SIDE = 480


@register_extractor("motion")
class MotionExtractor(ClipExtractor):
    """Arrays `times_s` (T,) and `magnitude` (T,): of frame i against i - 1, the first repeated."""

    version = "2"
    takes = "video"
    dependencies = ("cv2",)
    extra = "flow"

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def _request(self, media: MediaItem) -> FrameRequest:
        num_frames = len(media.frame_times)  # a clip without video ends here, with its own skip
        stream = media.info.video[0]
        large = min(stream.width, stream.height) > LARGEST_SIDE
        shrink = Resize(short_side=LARGEST_SIDE, interpolation="bilinear", antialias=True) if large else None
        return FrameRequest(indices=tuple(range(num_frames)), resize=shrink, crop=None, output="uint8")

    def extract(self, media: MediaItem) -> Features:
        frames = media.frames(self._request(media))
        if len(frames) < 3:
            raise SkipError(SkipCode.TOO_SHORT, f"{media.name}: {len(frames)} frames; motion peaks need at least 3")
        magnitudes = []
        first = before = _grey(frames[0])
        is_still = True
        for i in range(1, len(frames)):
            media.check_in()
            now = _grey(frames[i])
            magnitudes.append(_mean_flow(before, now))
            is_still = is_still and not differs(first, now)
            before = now
        if is_still:  # what flows is the noise of an encoder
            magnitudes = [0.0] * len(magnitudes)
        return Features(
            arrays={
                "times_s": np.asarray(media.frame_times, np.float64),
                "magnitude": np.array([magnitudes[0], *magnitudes]),
            }
        )


def _grey(frame: Any) -> Any:
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(np.moveaxis(np.asarray(frame), 0, -1)), cv2.COLOR_RGB2GRAY)


def _mean_flow(before: Any, now: Any) -> float:
    import cv2

    flow = cv2.calcOpticalFlowFarneback(
        before, now, None, pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5, poly_sigma=1.2, flags=0
    )
    return float(np.hypot(flow[..., 0], flow[..., 1]).mean())
