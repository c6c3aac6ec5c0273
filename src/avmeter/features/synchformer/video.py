"""Synchformer features of the video: one per two frames of every 0.64 s segment.

Source: Iashin et al., "Synchformer" (2024), checkpoint 24-01-04T16-39-21. The video is sampled at 25 frames a second
by presentation time; segments of 16 frames every 8. The protocols differ in how frames are picked and resized. A still
image has no offset: a skip, where the published programs score what the network makes of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.features.synchformer.base import (
    NUM_COMPARED,
    SynchformerTower,
    segments_to_encode,
)
from avmeter.media import FrameRequest, MediaItem, Resize, is_still, resize_batch, resize_frame
from avmeter.media.clock import frames_at, rounded_rate_indices, video_duration_s
from avmeter.protocols import AV_BENCHMARK, AV_BENCHMARK_DURATION_S, FASTVIDEO
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

FPS = 25.0
SEGMENT_FRAMES, STEP_FRAMES = 16, 8  # ticks of 1/25 s: a segment of 0.64 s every 0.32 s
MIN_TICKS = SEGMENT_FRAMES + (NUM_COMPARED - 1) * STEP_FRAMES  # 120, 4.8 s
# Largest difference between pixels in [0, 1] that is no motion: x264 leaves up to 9 steps of 8 bits in a photograph.
STILL_BELOW = 10 / 255
_RESIZE = {
    FASTVIDEO: Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="round", in_="float"),
    AV_BENCHMARK: Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8"),
}
_CROP: dict[str, Literal["center_floor", "center_round"]] = {
    FASTVIDEO: "center_floor",
    AV_BENCHMARK: "center_round",
}
# Frames are resized on a GPU if that means no more than twice the bytes of resized ones, and so little of one clip in
# memory; the pixels of larger ones are fewer after resizing.
_PACKED_FRAME_BYTES = 2 * 3 * 224 * 224 * 4
_PACKED_CLIP_BYTES = 320 * 2**20
_RESIZED_AT_ONCE = 64


@register_extractor("synchformer_video")
class SynchformerVideo(SynchformerTower):
    """Arrays `features` (S, 8, 768) and `segments` (S,), the segments' numbers; fact `num_segments`, of the whole clip.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        whole: Encode every segment of clips above 15 s too.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad" (repeat the last frame).
    """

    version = "2"
    takes = "video"
    batch_size = 4
    gpu_batch_size = 32
    part = "video"
    _resizes_on_device = False

    def load(self, runtime: Runtime) -> None:
        super().load(runtime)
        self._resizes_on_device = runtime.device.type == "cuda" and _RESIZE[self.protocol].in_ == "float"

    def decoding_state(self) -> Mapping[str, Any]:
        return {"_resizes_on_device": self._resizes_on_device}

    def _ticks(self, media: MediaItem) -> np.ndarray:
        """Return the index of the frame presented at every 1/25 s; of a short clip as `short` says."""
        ticks = self._unstretched_ticks(media)
        return ticks if len(ticks) >= MIN_TICKS else self._stretched(media, ticks)

    def _unstretched_ticks(self, media: MediaItem) -> np.ndarray:
        times = np.asarray(media.frame_times)
        if not len(times):
            raise SkipError(SkipCode.NO_VIDEO_TRACK, f"{media.name}: no frames")
        duration_s = video_duration_s(times)
        if self.protocol == AV_BENCHMARK:
            return rounded_rate_indices(times, FPS, duration_s)[: int(FPS * AV_BENCHMARK_DURATION_S)]
        num_ticks = max(SEGMENT_FRAMES, round(duration_s * FPS))
        return frames_at(times, np.arange(num_ticks) / FPS)

    def _stretched(self, media: MediaItem, ticks: np.ndarray) -> np.ndarray:
        if self.short == "loop":
            return np.resize(ticks, MIN_TICKS)
        if self.short == "pad":
            return np.pad(ticks, (0, MIN_TICKS - len(ticks)), mode="edge")
        lasts_s = media.video_duration_s
        note = ""
        if lasts_s >= MIN_TICKS / FPS:
            lasts_s = video_duration_s(np.asarray(media.frame_times))
            note = " before its last frame is held"
        raise SkipError(
            SkipCode.TOO_SHORT,
            f"{media.name}: the picture lasts {lasts_s:.2f} s{note}; need >= 4.8 s ({NUM_COMPARED} segments)",
            hint='`short="loop"` or `short="pad"` of audio.desync stretch it, which no published number does',
        )

    def _plan(self, media: MediaItem) -> tuple[FrameRequest, list[int], int, dict[int, int]]:
        """Return request, segments to encode, number of segments, and tick -> position in the request."""
        ticks = self._ticks(media)
        num_segments = (len(ticks) - SEGMENT_FRAMES) // STEP_FRAMES + 1
        segments = segments_to_encode(num_segments, whole=self.whole)
        needed = sorted({s * STEP_FRAMES + i for s in segments for i in range(SEGMENT_FRAMES)})
        indices = tuple(int(ticks[t]) for t in needed)
        if self._resizes_on_device and _is_small(media, len(set(indices))):
            request = FrameRequest(indices=indices, output="packed")
        else:
            crop = _CROP[self.protocol]
            request = FrameRequest(indices=indices, resize=_RESIZE[self.protocol], crop=crop, output="float32")
        return request, segments, num_segments, {t: i for i, t in enumerate(needed)}

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._plan(media)[0],)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        request, segments, _, position = self._plan(media)
        frames = media.frames(request)
        resize = _RESIZE[self.protocol] if request.output == "packed" else None
        _require_motion(frames, media.name, resize)
        for segment in segments:
            start = position[segment * STEP_FRAMES]
            yield Window(
                inputs={
                    "early": np.asarray(frames[start : start + STEP_FRAMES]),
                    "late": np.asarray(frames[start + STEP_FRAMES : start + SEGMENT_FRAMES]),
                },
                start_s=segment * STEP_FRAMES / FPS,
                duration_s=SEGMENT_FRAMES / FPS,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        _, segments, num_segments, _ = self._plan(media)
        stretched = self.short if len(self._unstretched_ticks(media)) < MIN_TICKS else None
        return {
            "segments": segments,
            "num_segments": num_segments,
            "stretched": stretched,
            "frames": len(media.frame_times),
        }

    def batch_key(self, window: Window) -> Hashable:
        """Return one key for all: frames of every size share batches, since they have one size on the device."""
        return "pixels"

    def upload(self, windows: Sequence[Window], runtime: Runtime) -> dict[str, Tensor]:
        """Put the segments together on the device: they overlap by half, and each half is uploaded once."""
        halves: dict[int, np.ndarray] = {}
        segment_keys = []
        for window in windows:
            pair = [window.inputs["early"], window.inputs["late"]]
            keys = [int(half.__array_interface__["data"][0]) for half in pair]
            halves.update(zip(keys, pair, strict=True))
            segment_keys.append(keys)
        groups: dict[tuple[int, ...], list[int]] = {}
        for key, half in halves.items():
            groups.setdefault(half.shape, []).append(key)
        order = {key: i for i, key in enumerate(key for keys in groups.values() for key in keys)}
        resized = torch.cat([self._upload_halves([halves[key] for key in keys], runtime) for keys in groups.values()])
        index = runtime.stack([np.array([order[key] for key in keys]) for keys in segment_keys])  # (windows, 2)
        return {"pixels": resized[index].flatten(1, 2)}

    def _upload_halves(self, halves: list[np.ndarray], runtime: Runtime) -> Tensor:
        """Upload half segments of one shape, and resize them: (n, 8, 3, 224, 224) float32."""
        stacked = runtime.stack(halves)
        if stacked.shape[-1] != 3:  # resized when they were decoded
            return stacked
        frames = torch.split(stacked.flatten(0, 1), _RESIZED_AT_ONCE)  # (n, H, W, 3) each
        resized = torch.cat([resize_batch(f, _RESIZE[self.protocol], _CROP[self.protocol]) for f in frames])
        return resized.reshape(len(halves), STEP_FRAMES, *resized.shape[1:])

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"features": self._net.video_features(batch["pixels"] * 2.0 - 1.0)}


def _is_small(media: MediaItem, num_frames: int) -> bool:
    """Return True if frames may be uploaded at their own size."""
    stream = media.info.video[0]
    frame_bytes = 3 * stream.width * stream.height
    return frame_bytes <= _PACKED_FRAME_BYTES and frame_bytes * num_frames <= _PACKED_CLIP_BYTES


def _require_motion(frames: Any, name: str, resize: Resize | None) -> None:
    """Raise `still_picture` if no frame differs from the first by more than rounding.

    Args:
        frames: (n, 3, h, w), or packed (n, h, w, 3) and still to be resized.
        name: Of the clip.
        resize: Of packed frames; None if they are resized.
    """

    def pixels(index: int) -> np.ndarray:
        frame = np.asarray(frames[index])
        return frame if resize is None else resize_frame(frame, resize)

    if not is_still(pixels(i) for i in range(len(frames))):
        return
    raise SkipError(
        SkipCode.STILL_PICTURE,
        f"{name}: all {len(frames)} frames look the same, so nothing in them can be early or late",
        hint="leave out `audio.desync` for still pictures",
    )
