"""UMT logits of a clip: which of the 400 actions of Kinetics is it?

Source: FastVideo, `eval/metrics/vbench/human_action/metric.py`: sixteen frames from the first to the last, short side
to 256 by bilinear interpolation of floats with antialiasing, 224 x 224 from the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.pixels import IMAGENET, normalised
from avmeter.features.spread_frames import spread_frames
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.nets import umt
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_RESIZE = Resize(short_side=256, interpolation="bilinear", antialias=True, long_side="int_trunc", in_="float")
_BORDER = (256 - umt.SIDE) // 2


@register_extractor("umt")
class UmtExtractor(NetworkExtractor):
    """Array `logits` (400,), before the sigmoid; fact `num_frames`, of the whole clip."""

    needs_rate = False
    takes = "video"
    entries = ("umt-l-16-kinetics-400",)
    half_weights = True
    batch_size = 1
    gpu_batch_size = 16

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return umt.build(), umt.KEY_MAP

    def _request(self, media: MediaItem) -> FrameRequest:
        indices = spread_frames(media, umt.NUM_FRAMES, network="UMT")
        return FrameRequest(indices=indices, resize=_RESIZE, crop="center_round", output="float32")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        frames = np.asarray(media.frames(self._request(media))[:], np.float32)
        # The square of 224 in the middle of that of 256 is the square of 224 in the middle of the frame.
        clip = frames[..., _BORDER:-_BORDER, _BORDER:-_BORDER].transpose(1, 0, 2, 3)
        yield Window(inputs={"clip": np.ascontiguousarray(clip)}, duration_s=float(media.video_duration_s))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(media.frame_times)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"logits": self._net(normalised(batch["clip"], IMAGENET))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"logits": np.asarray(outputs[0]["logits"], np.float32)}, facts=facts)
