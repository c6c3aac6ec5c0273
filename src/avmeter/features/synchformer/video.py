"""Synchformer features of the video: one per two frames of every 0.64 s segment.

Source: Iashin et al., "Synchformer" (2024), checkpoint 24-01-04T16-39-21. The video is sampled at 25 frames a second
by presentation time; segments of 16 frames every 8. The protocols differ in how frames are picked and resized. A still
image has no offset: a skip, where the published programs score what the network makes of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

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
from avmeter.media import (
    FrameRequest,
    MediaItem,
    PlaneCode,
    Resize,
    bicubic_taps,
    crop_corner,
    differs,
    is_still,
    resize_batch,
    resize_frame,
    rgb_of_planes,
)
from avmeter.media.clock import frames_at, rounded_rate_indices, video_duration_s
from avmeter.media.orientation import UPRIGHT
from avmeter.media.resize import Crop
from avmeter.nets.fused.availability import is_available
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, harness_of, read_length_s
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

if TYPE_CHECKING:
    from avmeter.nets.fused.resized_planes import Taps

FPS = 25.0
SEGMENT_FRAMES, STEP_FRAMES = 16, 8  # ticks of 1/25 s: a segment of 0.64 s every 0.32 s
SIDE = 224  # pixels
MIN_TICKS = SEGMENT_FRAMES + (NUM_COMPARED - 1) * STEP_FRAMES  # 120, 4.8 s
# Largest difference between pixels in [0, 1] that is no motion: x264 leaves up to 9 steps of 8 bits in a photograph.
STILL_BELOW = 10 / 255
_RESIZE = {
    FASTVIDEO: Resize(short_side=SIDE, interpolation="bicubic", antialias=True, long_side="round", in_="float"),
    AV_BENCHMARK: Resize(short_side=SIDE, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8"),
}
_CROP: dict[str, Literal["center_floor", "center_round"]] = {
    FASTVIDEO: "center_floor",
    AV_BENCHMARK: "center_round",
}
# Larger frames are resized while they are decoded: a batch of theirs would fill the memory of host and device.
_MAX_SENT_PIXELS = 1920 * 1088
_RESIZED_AT_ONCE = 64 * 832 * 480  # pixels


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

    def load(self, runtime: Runtime) -> None:
        super().load(runtime)
        self.streams_frames = runtime.device.type == "cuda" and _RESIZE[harness_of(self.protocol)].in_ == "float"

    def decoding_state(self) -> Mapping[str, Any]:
        return {"streams_frames": self.streams_frames}

    def _ticks(self, media: MediaItem) -> np.ndarray:
        """Return the index of the frame presented at every 1/25 s; of a short clip as `short` says."""
        ticks = self._unstretched_ticks(media)
        return ticks if len(ticks) >= MIN_TICKS else self._stretched(media, ticks)

    def _unstretched_ticks(self, media: MediaItem) -> np.ndarray:
        times = np.asarray(media.frame_times)
        if not len(times):
            raise SkipError(SkipCode.NO_VIDEO_TRACK, f"{media.name}: no frames")
        duration_s = video_duration_s(times)
        read_s = read_length_s(self.protocol)
        if read_s is not None:
            return rounded_rate_indices(times, FPS, duration_s)[: int(FPS * read_s)]
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
        raise self.too_short(media, f"the picture lasts {lasts_s:.2f} s{note}")

    def _plan(self, media: MediaItem) -> tuple[tuple[int, ...], list[int], int, dict[int, int]]:
        """Return frames, segments to encode, number of segments, and tick -> position among the frames."""
        ticks = self._ticks(media)
        num_segments = (len(ticks) - SEGMENT_FRAMES) // STEP_FRAMES + 1
        segments = segments_to_encode(num_segments, whole=self.whole)
        needed = sorted({s * STEP_FRAMES + i for s in segments for i in range(SEGMENT_FRAMES)})
        return tuple(int(ticks[t]) for t in needed), segments, num_segments, {t: i for i, t in enumerate(needed)}

    def _request(self, indices: tuple[int, ...]) -> FrameRequest:
        crop = _CROP[harness_of(self.protocol)]
        return FrameRequest(indices=indices, resize=_RESIZE[harness_of(self.protocol)], crop=crop, output="float32")

    def _sends_frames(self, media: MediaItem) -> bool:
        """Return True if frames are uploaded at their own size, and resized on the device."""
        stream = media.info.video[0]
        return self.streams_frames and stream.width * stream.height <= _MAX_SENT_PIXELS

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        indices = self._plan(media)[0]
        return () if self._sends_frames(media) else (self._request(indices),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        indices, segments, _, position = self._plan(media)
        if self._sends_frames(media):
            halves = _halves_in_motion(
                media.frame_groups(indices, STEP_FRAMES), media.name, _RESIZE[harness_of(self.protocol)]
            )
        else:
            frames = media.frames(self._request(indices))
            _require_motion(frames, media.name)
            halves = (np.asarray(frames[i : i + STEP_FRAMES]) for i in range(0, len(indices), STEP_FRAMES))
        ends = {position[segment * STEP_FRAMES] // STEP_FRAMES + 1: segment for segment in segments}
        early: np.ndarray | None = None
        for number, late in enumerate(halves):
            if early is not None and number in ends:
                yield Window(
                    inputs={"early": early, "late": late},
                    start_s=ends[number] * STEP_FRAMES / FPS,
                    duration_s=SEGMENT_FRAMES / FPS,
                )
            early = late

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
        if halves[0].ndim == 4 and halves[0].shape[-1] != 3:  # resized when they were decoded
            return runtime.stack(halves)
        codes = [_codes(half) for half in halves]
        frames = runtime.stack(halves).flatten(0, 1)
        resized = torch.empty((len(frames), 3, SIDE, SIDE), device=frames.device)
        num_at_once = max(1, _RESIZED_AT_ONCE // (frames.shape[1] * frames.shape[2]))
        resize, crop = _RESIZE[harness_of(self.protocol)], _CROP[harness_of(self.protocol)]
        # In strict float32 sums are torch's own, to the last bit; no other is as exact as the difference anyway.
        is_fused = runtime.operand_dtype is not None and is_available(runtime.device)
        for start, stop, code in _runs([c for codes_of_half in codes for c in codes_of_half], num_at_once):
            part = frames[start:stop]
            if is_fused and code is not None and code.orientation == UPRIGHT:
                resized[start:stop] = _resize_fused(part, code, resize, crop)
            else:
                resized[start:stop] = resize_batch(part, resize, crop, code)
        return resized.reshape(len(halves), STEP_FRAMES, *resized.shape[1:])

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"features": self._net.video_features(batch["pixels"] * 2.0 - 1.0)}


def _resize_fused(planes: Tensor, code: PlaneCode, resize: Resize, crop: Crop) -> Tensor:
    from avmeter.nets.fused.resized_planes import resize_planes  # Triton is not everywhere

    height, width = (planes.shape[1] - 1) // 3 * 2, planes.shape[2]
    across, down = _taps((height, width), resize, crop, planes.device)
    return resize_planes(planes, code.gains, code.black, across=across, down=down)


@lru_cache(maxsize=64)
def _taps(size: tuple[int, int], resize: Resize, crop: Crop, device: torch.device) -> tuple[Taps, Taps]:
    """Return the taps across and down; cached, since to send them anew would make every batch wait."""
    from avmeter.nets.fused.resized_planes import Taps

    side = resize.short_side
    target = resize.size(*size)
    found = []
    with torch.inference_mode(False):
        for before, after, corner in zip(size, target, crop_corner(target, side, crop), strict=True):
            starts, weights = (torch.from_numpy(a).to(device) for a in bicubic_taps(before, after, corner, side))
            found.append(Taps(starts=starts, weights=weights))
    down, across = found
    return across, down


def _codes(half: np.ndarray) -> list[PlaneCode | None]:
    """Return how each frame is read: None for RGB."""
    return [PlaneCode.of_row(frame[-1]) if frame.ndim == 2 else None for frame in half]


def _runs(codes: Sequence[PlaneCode | None], longest: int) -> Iterator[tuple[int, int, PlaneCode | None]]:
    """Yield (start, stop, code) of consecutive frames that are read alike."""
    start = 0
    for stop in range(1, len(codes) + 1):
        if stop == len(codes) or codes[stop] != codes[start] or stop - start == longest:
            yield start, stop, codes[start]
            start = stop


def _halves_in_motion(halves: Iterator[np.ndarray], name: str, resize: Resize) -> Iterator[np.ndarray]:
    """Yield half segments of frames at their own size; raise `still_picture` in the end if they all look the same."""
    initial: np.ndarray | None = None
    num_frames, is_still_so_far = 0, True
    for half in halves:
        num_frames += len(half)
        if is_still_so_far:
            pixels = (_resized_pixels(frame, resize) for frame in half)
            initial = next(pixels) if initial is None else initial
            is_still_so_far = not any(differs(initial, frame) for frame in pixels)
        yield half
    if is_still_so_far:
        raise _no_motion(name, num_frames)


def _resized_pixels(frame: np.ndarray, resize: Resize) -> np.ndarray:
    return resize_frame(rgb_of_planes(frame) if frame.ndim == 2 else frame, resize)


def _require_motion(frames: Any, name: str) -> None:
    """Raise `still_picture` if no frame (3, h, w) differs from the first by more than rounding."""
    if is_still(np.asarray(frames[i]) for i in range(len(frames))):
        raise _no_motion(name, len(frames))


def _no_motion(name: str, num_frames: int) -> SkipError:
    return SkipError(
        SkipCode.STILL_PICTURE,
        f"{name}: all {num_frames} frames look the same, so nothing in them can be early or late",
        hint="leave out `audio.desync` for still pictures",
    )
