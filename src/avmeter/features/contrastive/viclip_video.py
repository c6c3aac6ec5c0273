"""ViCLIP embedding of a video.

Source: FastVideo, `eval/metrics/vbench/overall_consistency/metric.py`: eight frames from the first to the last, short
side to 224 by bicubic interpolation of floats with antialiasing, the square in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.features.base import Features, Window
from avmeter.features.contrastive.base import ViClipTower
from avmeter.features.pixels import CLIP, normalised
from avmeter.features.spread_frames import spread_frames
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.nets import viclip
from avmeter.registry import register_extractor

_RESIZE = Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="float")


@register_extractor("viclip_video")
class ViClipVideo(ViClipTower):
    """Array `embedding` (768,), of no particular length; fact `num_frames`, of the whole clip."""

    needs_rate = False
    tower = "video"
    takes = "video"
    batch_size = 1
    gpu_batch_size = 16

    def _request(self, media: MediaItem) -> FrameRequest:
        indices = spread_frames(media, viclip.NUM_FRAMES, network="ViCLIP")
        return FrameRequest(indices=indices, resize=_RESIZE, crop="center_round", output="float32")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        frames = np.asarray(media.frames(self._request(media))[:], np.float32)
        yield Window(inputs={"pixels": np.ascontiguousarray(frames)}, duration_s=float(media.video_duration_s))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(media.frame_times)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.video(normalised(batch["pixels"], CLIP, channels=2))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": outputs[0]["embedding"]}, facts=facts)
