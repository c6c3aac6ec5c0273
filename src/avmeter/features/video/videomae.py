"""VideoMAE embedding of the first sixteen frames of a clip, as FastVideo's Fréchet video distance reads it.

Source: FastVideo, `eval/metrics/common/fvd/extractors.py`: frames stretched to 224 x 224 by bilinear interpolation
without antialiasing, the mean of all tokens. FastVideo fails on a clip of any other number of frames than sixteen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.pixels import IMAGENET, normalised
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.nets import videomae
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_RESIZE = Resize(short_side=videomae.SIDE, interpolation="bilinear", antialias=False, long_side="equal", in_="float")


@register_extractor("videomae")
class VideoMaeExtractor(NetworkExtractor):
    """Array `embedding` (768,); fact `num_frames`, which is 16.

    Args:
        num_frames: 16, or None, which is the same.
    """

    needs_rate = False
    takes = "video"
    entries = ("videomae-base",)
    half_weights = True
    option_names = ("num_frames",)
    batch_size = 1
    gpu_batch_size = 16

    def __init__(self, *, num_frames: int | None = None) -> None:
        if num_frames not in (None, videomae.NUM_FRAMES):
            raise UsageError(f"num_frames is {num_frames}", hint=f"VideoMAE reads {videomae.NUM_FRAMES} frames")
        self.num_frames = num_frames

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return videomae.build(), videomae.KEY_MAP

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        count = len(media.frame_times)
        if count < videomae.NUM_FRAMES:
            reason = f"{media.name}: {count} frames; VideoMAE needs {videomae.NUM_FRAMES}"
            raise SkipError(SkipCode.TOO_SHORT, reason)
        return (FrameRequest(indices=tuple(range(videomae.NUM_FRAMES)), resize=_RESIZE, output="float32"),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        (request,) = self.requests(media)
        clip = np.asarray(media.frames(request)[:], np.float32).transpose(1, 0, 2, 3)
        times = media.frame_times
        lasts_s = float(times[videomae.NUM_FRAMES - 1] - times[0])
        yield Window(inputs={"clip": np.ascontiguousarray(clip)}, duration_s=lasts_s)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": videomae.NUM_FRAMES}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(normalised(batch["clip"], IMAGENET))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": np.asarray(outputs[0]["embedding"], np.float32)}, facts=facts)
