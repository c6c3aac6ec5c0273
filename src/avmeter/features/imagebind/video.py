"""ImageBind embedding of the video.

Source: Girdhar et al., "ImageBind" (2023). Protocol "fastvideo": ImageBind's own loader, five windows of 2 s spread
over the video, the first and last frame of each, three crops. Protocol "av-benchmark": one frame every 2 s of the first
8 s (or as many as it names), neighbouring frames as pairs, three crops. The mean of the normalised embeddings is not
normalised again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.imagebind.base import SIDE, WINDOW_S, ImageBindTower, normalise_pixels, window_starts
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import FrameRequest, MediaItem, Resize
from avmeter.media.clock import first_frame_from, last_frame_before, rounded_rate_indices, video_duration_s
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, check_protocol, harness_of, read_length_s
from avmeter.registry import register_extractor

NUM_WINDOWS = 5
AV_BENCHMARK_FPS = 0.5  # a frame every 2 s
# A clip is long enough there that has as many frames as this rate has in the length that is read.
_LENGTH_FPS = 25.0
_RESIZE = {
    FASTVIDEO: Resize(short_side=SIDE, interpolation="bilinear", antialias=False, long_side="floor", in_="float"),
    AV_BENCHMARK: Resize(short_side=SIDE, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8"),
}


@register_extractor("imagebind_video")
class ImageBindVideo(ImageBindTower):
    """Array `embedding` (1024,).

    Args:
        protocol: "fastvideo" or "av-benchmark".
    """

    version = "3"
    tower = "vision"
    takes = "video"
    option_names = ("protocol",)
    batch_size = 15
    is_recordable = True

    def __init__(self, *, protocol: str = FASTVIDEO) -> None:
        self.protocol = check_protocol(protocol)

    def _pairs(self, media: MediaItem) -> list[tuple[int, int]]:
        """Return the indices of the (first, last) frame of each window."""
        times = np.asarray(media.frame_times)
        if not len(times):
            raise SkipError(SkipCode.NO_VIDEO_TRACK, f"{media.name}: no frames")
        duration_s = video_duration_s(times)
        read_s = read_length_s(self.protocol)
        if read_s is not None:
            # A shorter clip can only be scored with a shorter length there; the rounding is of time stamps.
            if len(rounded_rate_indices(times, _LENGTH_FPS, duration_s)) < int(_LENGTH_FPS * read_s):
                read_s = duration_s + 1e-6
            ticks = rounded_rate_indices(times, AV_BENCHMARK_FPS, duration_s)[: int(AV_BENCHMARK_FPS * read_s)]
            if len(ticks) < 2:
                raise SkipError(
                    SkipCode.TOO_SHORT,
                    f"{media.name}: {read_s:.2f} s; protocol `{self.protocol}` pairs frames 2 s apart and needs 4 s",
                    hint="`protocol='fastvideo'` takes clips of any length",
                )
            return [(int(a), int(b)) for a, b in pairwise(ticks)]
        pairs = []
        for start in window_starts(duration_s, NUM_WINDOWS):
            first = min(first_frame_from(times, start), len(times) - 1)
            pairs.append((first, max(last_frame_before(times, start + WINDOW_S), first)))
        return pairs

    def _request(self, media: MediaItem) -> FrameRequest:
        indices = tuple(i for pair in self._pairs(media) for i in pair)
        return FrameRequest(indices=indices, resize=_RESIZE[harness_of(self.protocol)], crop=None, output="float32")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        frames = media.frames(self._request(media))
        times = np.asarray(media.frame_times)
        for i, (first, last) in enumerate(self._pairs(media)):
            pair = np.asarray(frames[2 * i : 2 * i + 2], np.float32)
            for crop in _three_crops(pair):
                pixels = np.ascontiguousarray(np.moveaxis(crop, 0, 1))
                yield Window(
                    inputs={"pixels": pixels}, start_s=float(times[first]), duration_s=float(times[last] - times[first])
                )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.vision(normalise_pixels(batch["pixels"]))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={"embedding": mean_over_windows(outputs, "embedding")}, facts={"num_windows": len(windows)}
        )


def _three_crops(frames: np.ndarray) -> list[np.ndarray]:
    """Cut left, centre and right (or top, centre, bottom) squares of frames (n, 3, h, w) whose short side is 224."""
    height, width = frames.shape[-2:]
    crops = []
    for position in (0.0, 0.5, 1.0):
        spare_y, spare_x = height - SIDE, width - SIDE
        top = int(np.ceil(spare_y * position)) if height > width else int(np.ceil(spare_y / 2))
        left = int(np.ceil(spare_x * position)) if height <= width else int(np.ceil(spare_x / 2))
        crops.append(frames[..., top : top + SIDE, left : left + SIDE])
    return crops
