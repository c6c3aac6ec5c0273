"""CLIP embedding of a whole clip: the mean of those of its frames, as FastVideo's Fréchet video distance reads it.

Source: FastVideo, `eval/metrics/common/fvd/extractors.py`, with the image processor of transformers 5: short side to
224 by bicubic interpolation of bytes with antialiasing, the square in the middle, its corner rounded down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features, Window
from avmeter.features.contrastive.base import ClipTower
from avmeter.features.frame_network import EmbeddedFrames
from avmeter.features.frame_stream import FrameConsumer
from avmeter.features.pixels import CLIP, normalised
from avmeter.media import MediaItem, Resize
from avmeter.registry import register_extractor


@register_extractor("clip_video")
class ClipVideo(ClipTower, EmbeddedFrames):
    """Array `embedding` (E,), of no particular length; fact `num_frames`.

    Args:
        model: As of `ClipTower`.
        num_frames: Read the first so many frames; None is all of them. Shorter clips are a skip.
    """

    tower = "image"
    option_names = ("model", "num_frames")
    resize = Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8")
    crop = "center_floor"

    def __init__(self, *, model: str = "clip-vit-b-32", num_frames: int | None = None) -> None:
        super().__init__(model=model)
        if num_frames is not None and num_frames < 1:
            raise UsageError(f"num_frames is {num_frames}", hint="one frame or more")
        self.num_frames = num_frames

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        made = super().consumer(clip)
        count = len(clip.frame_times)
        if self.num_frames is not None:
            if count < self.num_frames:
                raise SkipError(SkipCode.TOO_SHORT, f"{clip.name}: {count} frames of {self.num_frames}")
            made.ranges = (range(self.num_frames),)
        return made

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        pixels = batch["pixels"].to(next(self._net.parameters()).dtype) / 255
        return {"embedding": self._net.image(normalised(pixels, CLIP))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        frames = super().pool(outputs, windows, facts)["embedding"]
        embedding = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
        return Features(arrays={"embedding": embedding}, facts={"num_frames": len(frames)})
