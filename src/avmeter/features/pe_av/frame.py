"""Video as PE-AV's frame encoder reads it: one vector per frame.

Source: Vyas et al. (2025); `PeVideoVideoProcessor` of transformers. Every frame of the clip, or 16 spread over it where
the checkpoint was trained with 16, by their order of presentation; squeezed to a square, in bytes, bilinear with
antialiasing, scaled to [-1, 1]. A frame is a window: those of all clips share batches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import Features, Window
from avmeter.features.pe_av.base import PeAvPart, image_size, num_frames
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.nets.pe_av import FrameConfig
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("pe_av_frame")
class PeAvFrame(PeAvPart):
    """Array `vectors` (T, 1024); facts `num_frames` (T), `num_frames_of_clip`; `picture_s` of more than one frame.

    Options as `PeAvPart`.
    """

    takes = "video"
    part = "frame"
    batch_size = 4
    gpu_batch_size = 64

    def __init__(self, *, model: str | None = None) -> None:
        super().__init__(model=model)
        self._num_frames: int | None = None
        self._resize = _square(FrameConfig().image_size)
        with contextlib.suppress(WeightsError):  # a damaged folder is met, and named, when it is loaded
            self._read_sizes()

    def _read_sizes(self) -> None:
        self._num_frames = num_frames(self.user_folder, self.model)
        self._resize = _square(image_size(self.user_folder, self.model))

    def load(self, runtime: Runtime) -> None:
        self._read_sizes()
        super().load(runtime)

    def _request(self, media: MediaItem) -> FrameRequest:
        total = len(media.frame_times)
        if not total:
            raise SkipError(SkipCode.NO_VIDEO_TRACK, f"{media.name}: no frames")
        indices = tuple(range(total)) if self._num_frames is None else spread_indices(total, self._num_frames)
        return FrameRequest(indices=indices, resize=self._resize, output="uint8")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        request = self._request(media)
        frames, times = media.frames(request), media.frame_times
        for row, index in enumerate(request.indices):
            yield Window(inputs={"pixels": np.asarray(frames[row])}, start_s=float(times[index]))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(self._request(media).indices), "num_frames_of_clip": len(media.frame_times)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"vector": self._net((batch["pixels"].float() - 127.5) / 127.5)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        # The last window is always the last frame; it stays as long as the others do on average.
        total = facts["num_frames_of_clip"]
        lasts = {"picture_s": round(windows[-1].start_s * total / (total - 1), 4)} if total > 1 else {}
        vectors = np.stack([o["vector"] for o in outputs])
        return Features(arrays={"vectors": vectors}, facts={**facts, **lasts})


def _square(side: int) -> Resize:
    return Resize(short_side=side, interpolation="bilinear", long_side="equal", in_="uint8")


def spread_indices(total: int, count: int) -> tuple[int, ...]:
    """Return `count` indices from first to last of `total` frames, rounded down; those of short clips repeat."""
    return tuple(int(i * (total - 1) / (count - 1)) for i in range(count))
