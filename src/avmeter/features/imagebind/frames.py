"""ImageBind embedding of every frame.

Source: Girdhar et al., "ImageBind" (2023), `load_and_transform_vision_data`, as JavisBench applies it to every frame of
a clip: short side to 224 by bicubic interpolation of bytes with antialiasing, the square in the middle, CLIP's
normalisation. The tower reads two frames; here both are the same one.

Differs from JavisBench: frames have presentation times instead of numbers, and are resized by torch instead of Pillow
(at most 0.4 % of the bytes of real frames differ, by 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import UsageError
from avmeter.features.base import Features, Window
from avmeter.features.imagebind.base import SIDE, ImageBindTower, normalise_pixels, number_option
from avmeter.media import FrameRequest, MediaItem, Resize, fixed_rate_indices
from avmeter.registry import register_extractor

# Above any video's own rate the same frames would only be embedded again.
_LARGEST_FPS = 1000.0
_RESIZE = Resize(short_side=SIDE, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8")


@register_extractor("imagebind_frames")
class ImageBindFrames(ImageBindTower):
    """Arrays `embedding` (T, 1024) of length 1, and `times_s` (T,), the presentation time of each frame.

    Fact `duration_s`: of the video.

    Args:
        fps: Read frames at this rate; None is every frame, as published.

    Raises:
        UsageError: No rate, or one that is not above 0 and at most 1000.
    """

    tower = "vision"
    takes = "video"
    option_names = ("fps",)
    batch_size = 15

    def __init__(self, *, fps: float | None = None) -> None:
        if fps is not None:
            hint = f"pass a rate above 0, {_LARGEST_FPS:g} at most, or leave it out for every frame"
            fps = number_option("fps", fps, hint=hint)
            if not 0 < fps <= _LARGEST_FPS:
                raise UsageError(f"fps is {fps:g}", hint=hint)
        self.fps = fps

    def _times(self, media: MediaItem) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the frames to embed, and their times."""
        shown = np.asarray(media.frame_times, np.float64)
        if self.fps is None:
            return np.arange(len(shown)), shown
        # A video that lasts no time at all still has one frame.
        indices = fixed_rate_indices(shown, self.fps, max(media.video_duration_s, 0.5 / self.fps))
        return indices, np.arange(len(indices)) / self.fps

    def _request(self, media: MediaItem) -> FrameRequest:
        indices = tuple(int(i) for i in self._times(media)[0])
        return FrameRequest(indices=indices, resize=_RESIZE, crop="center_round", output="uint8")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        frames = media.frames(self._request(media))
        for i, time_s in enumerate(self._times(media)[1]):
            yield Window(inputs={"pixels": np.ascontiguousarray(frames[i])}, start_s=float(time_s))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"duration_s": float(media.video_duration_s)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        dtype = next(self._net.parameters()).dtype
        pixels = normalise_pixels(batch["pixels"].float()[:, :, None] / 255)
        return {"embedding": self._net.vision(pixels.expand(-1, -1, 2, -1, -1).to(dtype))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={
                "embedding": np.stack([o["embedding"] for o in outputs]),
                "times_s": np.array([w.start_s for w in windows]),
            },
            facts=facts,
        )
