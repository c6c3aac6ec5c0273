"""MUSIQ's quality of every frame.

Source: FastVideo, `eval/metrics/vbench/imaging_quality/metric.py`: frames from 0 to 1 whose longer side is above 512
are brought to 512 by bilinear interpolation without antialiasing, both sides rounded down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer
from avmeter.features.frames.base import as_pictures
from avmeter.media import MediaItem
from avmeter.nets import musiq
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

LONG_SIDE = 512  # pixels, at most


@register_extractor("musiq")
class MusiqExtractor(FrameNetwork):
    """Array `quality` (T,), about 0 to 100; fact `num_frames`."""

    needs_rate = False
    entries = ("musiq-spaq",)
    batch_size = 4
    gpu_batch_size = 32

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return musiq.build(), musiq.KEY_MAP

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        return _Frames(clip)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(media.frame_times)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"quality": self._net(shrunk(as_pictures(batch["frame"])))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"quality": np.array([o["quality"] for o in outputs], np.float32)}, facts=facts)


class _Frames(FrameConsumer):
    """Each frame is a window, at its own size."""

    def __init__(self, clip: MediaItem) -> None:
        self._times = clip.frame_times
        self.ranges = (range(len(self._times)),)
        self._num_seen = 0

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        time_s = float(self._times[self._num_seen])
        self._num_seen += 1
        return (Window(inputs={"frame": frame}, start_s=time_s),)

    def finish(self) -> Mapping[str, Any]:
        return {"num_frames": len(self._times)}


def shrunk(pixels: Tensor) -> Tensor:
    """Bring pictures (B, 3, H, W) from 0 to 1 to a longer side of 512, if it is above that."""
    height, width = pixels.shape[2:]
    if max(height, width) <= LONG_SIDE:
        return pixels
    scale = LONG_SIDE / max(height, width)
    size = max(1, int(height * scale)), max(1, int(width * scale))
    return F.interpolate(pixels, size, mode="bilinear", align_corners=False)
