"""Images that stand for a clip, as a judge is shown them.

Source: FastVideo, `eval/metrics/vbench/_grit_helper.py`, and VBench, `vbench/utils.py`, `get_frame_indices("middle")`:
the clip is cut in equal parts, and the frame in the middle of each stands for it. A short clip has fewer images.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer, FrameExtractor
from avmeter.media import MediaItem
from avmeter.media.encode import encode_jpeg
from avmeter.registry import register_extractor

LONG_SIDE = 512  # pixels, at most


def middle_frames(num_frames: int, num_images: int) -> list[int]:
    """Return the frames in the middle of equal parts of a clip: at most `num_images`."""
    ends = np.linspace(0, num_frames, min(num_images, num_frames) + 1).astype(int).tolist()
    return [(start + end - 1) // 2 for start, end in pairwise(ends)]


@register_extractor("judge_images")
class JudgeImages(FrameExtractor):
    """Arrays `jpeg` (bytes of all images) and `sizes` (N,) of each, `times_s` (N,); fact `num_frames`.

    Args:
        num_images: At most.
    """

    option_names = ("num_images",)

    def __init__(self, *, num_images: int = 16) -> None:
        self.num_images = num_images

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        return _Images(clip, self.num_images)


class _Images(FrameConsumer):
    """Encodes the frames that count as they come."""

    def __init__(self, clip: MediaItem, num_images: int) -> None:
        self._times = clip.frame_times
        indices = middle_frames(len(self._times), num_images)
        self._remaining = indices[::-1]
        self._times_s = [float(self._times[index]) for index in indices]
        self.ranges = (range(indices[-1] + 1),)
        self._num_seen = 0
        self._encoded: list[bytes] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        if self._remaining and self._num_seen == self._remaining[-1]:
            self._remaining.pop()
            self._encoded.append(_encoded(frame))
        self._num_seen += 1
        return ()

    def finish(self) -> Features:
        return Features(
            arrays={
                "jpeg": np.frombuffer(b"".join(self._encoded), np.uint8),
                "sizes": np.array([len(data) for data in self._encoded], np.int64),
                "times_s": np.array(self._times_s),
            },
            facts={"num_frames": len(self._times)},
        )


def _encoded(frame: Frame) -> bytes:
    """Return a frame as JPEG, its long side at most `LONG_SIDE`, both sides even."""
    image = frame if frame.dtype == np.uint8 else (np.clip(frame, 0, 1) * 255).round().astype(np.uint8)
    height, width = image.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    even_width, even_height = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    return encode_jpeg(image, width=even_width, height=even_height)
