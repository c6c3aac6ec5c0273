"""I3D logits of a whole clip, as the Fréchet video distance reads them.

Source: Unterthiner et al., "FVD" (2019): frames from -1 to 1, stretched to 224 x 224 by bilinear interpolation without
antialiasing, all of them in one pass, 400 logits. A clip that is not cut to `num_frames` is held whole, 0.6 MB a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.nets import i3d
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MIN_FRAMES = 10
"""Of the published harnesses; the network itself would read 9."""

_RESIZE = Resize(short_side=i3d.SIDE, interpolation="bilinear", antialias=False, long_side="equal", in_="float")


@register_extractor("i3d")
class I3dExtractor(NetworkExtractor):
    """Arrays `embedding` (400,) and `logits` (400,), which are the same numbers; fact `num_frames`.

    Args:
        num_frames: Read the first so many frames; None is all of them. Shorter clips are a skip.
    """

    takes = "video"
    entries = ("i3d-kinetics-400",)
    option_names = ("num_frames",)
    batch_size = 1
    gpu_batch_size = 4

    def __init__(self, *, num_frames: int | None = None) -> None:
        if num_frames is not None and num_frames < MIN_FRAMES:
            raise UsageError(f"num_frames is {num_frames}", hint=f"I3D needs {MIN_FRAMES} frames or more")
        self.num_frames = num_frames

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return i3d.build(), i3d.KEY_MAP

    def _request(self, media: MediaItem) -> FrameRequest:
        count = len(media.frame_times)
        needed = self.num_frames or MIN_FRAMES
        if count < needed:
            raise SkipError(SkipCode.TOO_SHORT, f"{media.name}: {count} frames; I3D needs {needed}")
        return FrameRequest(indices=tuple(range(self.num_frames or count)), resize=_RESIZE, output="float32")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        frames = np.asarray(media.frames(self._request(media))[:], np.float32)
        clip = np.ascontiguousarray(frames.transpose(1, 0, 2, 3))
        yield Window(inputs={"clip": clip}, duration_s=float(media.video_duration_s))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(self._request(media).indices)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"logits": self._net(batch["clip"] * 2 - 1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        logits = np.asarray(outputs[0]["logits"], np.float32)
        return Features(arrays={"embedding": logits, "logits": logits}, facts=facts)
