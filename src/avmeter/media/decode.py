"""Decoding with PyAV: the only module that does. Sound becomes float32 blocks, picture becomes RGB frames with times.

What a damaged file still holds is decoded; the caller is told that something was lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from avmeter.errors import MediaError, SkipCode
from avmeter.media.container import open_container
from avmeter.media.orientation import Orientation, orientation_of
from avmeter.media.probe import playable

# Offset and full scale of the integer formats; the rest are floats, whose full scale is 1.
_SCALES = {"u8": (128.0, 128.0), "s16": (0.0, 2.0**15), "s32": (0.0, 2.0**31), "s64": (0.0, 2.0**63)}
# Containers whose packets carry the presentation time of every frame that will be shown, and codecs with packets
# that are not shown.
_TIMED_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
_HIDDEN_FRAMES = {"vp8"}
_BROKEN = (av.error.FFmpegError, OSError, ValueError)


@dataclass
class Losses:
    """What could not be decoded; filled while a pass runs."""

    num_packets: int = 0
    cut_off: bool = False
    reasons: list[str] = field(default_factory=list)

    def note(self, error: BaseException) -> None:
        """Remember the first few reasons."""
        if len(self.reasons) < 3:
            self.reasons.append(str(getattr(error, "strerror", None) or error))

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        return self.reasons[0] if self.reasons else "no frames in the stream"


@dataclass(frozen=True, kw_only=True)
class SoundBlock:
    """Consecutive points of a sound track.

    Attributes:
        points: (n, C) float32, full scale 1, not clipped.
        sample_rate: Hz.
        channels: Names of the C channels, "NONE" where the file does not say.
        time_s: When the first point is heard, on the container's clock; None if not stated.
    """

    points: np.ndarray
    sample_rate: int
    channels: tuple[str, ...]
    time_s: float | None


@dataclass(frozen=True, kw_only=True)
class PictureTimes:
    """Presentation times of every frame that is shown, sorted.

    Attributes:
        stamps: (T,) int64, in units of `unit_s`.
        unit_s: Seconds.
        last_duration_s: How long the last frame is shown; None if not stated.
    """

    stamps: np.ndarray
    unit_s: float
    last_duration_s: float | None

    @property
    def start_s(self) -> float:
        """Of the first frame, on the container's clock."""
        return float(self.stamps[0]) * self.unit_s

    @property
    def times_s(self) -> np.ndarray:
        """(T,) float64, relative to the first frame."""
        if not len(self.stamps):
            return np.empty(0, np.float64)
        times: np.ndarray = (self.stamps - self.stamps[0]) * self.unit_s
        return times


def sound_blocks(path: str | os.PathLike[str], losses: Losses) -> Iterator[SoundBlock]:
    """The first sound track of a file, one block per decoded frame.

    Raises:
        MediaError: `no_audio_track`; `decode_error` if rate or channels change on the way.
    """
    with open_container(path) as container:
        stream = _first(playable(container.streams.audio), path, SkipCode.NO_AUDIO_TRACK, "audio")
        kind: tuple[int, int] | None = None
        for frame in _decoded(container, stream, losses):
            rate, channels = frame.sample_rate, tuple(c.name for c in frame.layout.channels)
            if kind is not None and kind != (rate, len(channels)):
                raise MediaError(
                    SkipCode.DECODE_ERROR,
                    f"{path}: the sound changes from {kind[1]} ch, {kind[0]} Hz to {len(channels)} ch, {rate} Hz",
                    hint="make the file again with one format throughout",
                )
            kind = (rate, len(channels))
            time_s = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            yield SoundBlock(points=_as_float(frame), sample_rate=rate, channels=channels, time_s=time_s)


def picture_times(path: str | os.PathLike[str]) -> PictureTimes:
    """Times of all frames of the first picture track, from packets where they can be trusted, else by decoding.

    Raises:
        MediaError: `no_video_track`.
    """
    with open_container(path) as container:
        stream = _first(playable(container.streams.video), path, SkipCode.NO_VIDEO_TRACK, "video")
        trusted = container.format.name in _TIMED_CONTAINERS and stream.codec_context.name not in _HIDDEN_FRAMES
        if trusted:
            found = _times(_packets(container, stream, Losses()), stream)
            if found is not None:
                return found
    with open_container(path) as container:
        stream = _first(playable(container.streams.video), path, SkipCode.NO_VIDEO_TRACK, "video")
        found = _times(_decoded(container, stream, Losses()), stream)
        if found is None:
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{path}: the frames carry no presentation times ({stream.codec_context.name})",
                hint="put the stream in a container, for example mp4 or mkv",
            )
        return found


def picture_frames(
    path: str | os.PathLike[str], stamps: np.ndarray, wanted: set[int], losses: Losses, *, num_threads: int = 1
) -> Iterator[tuple[int, np.ndarray]]:
    """Wanted frames in order of decoding, as (index, RGB uint8 (H, W, 3) as on the screen).

    Args:
        path: The file.
        stamps: `PictureTimes.stamps`; indices count in it.
        wanted: Indices.
        losses: Filled on the way.
        num_threads: Of the decoder.
    """
    places: dict[int, list[int]] = {}
    for index, stamp in enumerate(stamps.tolist()):
        places.setdefault(stamp, []).append(index)
    missing = set(wanted)
    with open_container(path) as container:
        stream = _first(playable(container.streams.video), path, SkipCode.NO_VIDEO_TRACK, "video")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = num_threads
        to_rgb = _RgbConverter()
        orientation: Orientation | None = None
        for frame in _decoded(container, stream, losses):
            if not missing:
                return
            # Asked of one frame only: one that was asked for its side data refers to itself, and keeps its picture
            # until the garbage collector comes by.
            orientation = orientation or orientation_of(frame)
            queue = places.get(frame.pts)
            if not queue:
                continue
            index = queue.pop(0)
            if index in missing:
                missing.discard(index)
                yield index, orientation.apply(to_rgb(frame))


class _RgbConverter:
    """RGB by one scaling thread: PyAV's default is one per core, started anew for every frame."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._options: dict[str, Any] = {"threads": 1}

    def __call__(self, frame: Any) -> np.ndarray:
        try:
            converted = self._reformatter.reformat(frame, format="rgb24", **self._options)
        except TypeError:  # PyAV before `threads`
            if not self._options:
                raise
            self._options = {}
            return self(frame)
        found: np.ndarray = converted.to_ndarray()
        return found


def _first(streams: list[Any], path: str | os.PathLike[str], code: SkipCode, kind: str) -> Any:
    if not streams:
        raise MediaError(code, f"{path}: no {kind} track")
    return streams[0]


def _packets(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """Packets that hold something to be shown; ends early where the file is damaged."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except _BROKEN as error:
            losses.cut_off = True
            losses.note(error)
            return
        # What is left of a packet that the end of the file cuts off cannot be relied on to become a frame.
        if packet.size and not getattr(packet, "is_discard", False) and not packet.is_corrupt:
            yield packet


def _decoded(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except _BROKEN as error:
            losses.cut_off = True
            losses.note(error)
            packet = None  # flush the decoder
        try:
            frames = packet.decode() if packet is not None else stream.codec_context.decode(None)
        except EOFError:
            return
        except _BROKEN as error:
            losses.num_packets += 1
            losses.note(error)
            frames = []
        yield from frames
        if packet is None:
            return


def _times(timed: Iterator[Any], stream: Any) -> PictureTimes | None:
    """Times of packets or frames; None if one of them has none."""
    stamps: list[int] = []
    last: tuple[int, int] = (-(1 << 62), 0)
    for one in timed:
        if one.pts is None:
            return None
        stamps.append(one.pts)
        last = max(last, (one.pts, getattr(one, "duration", None) or 0))  # PyAV 14 frames have no duration
    unit_s = float(stream.time_base)
    return PictureTimes(
        stamps=np.sort(np.array(stamps, np.int64)),
        unit_s=unit_s,
        last_duration_s=last[1] * unit_s if stamps and last[1] > 0 else None,
    )


def _as_float(frame: Any) -> np.ndarray:
    """Points (n, C) float32, full scale 1."""
    raw = frame.to_ndarray()
    points = raw.T if frame.format.is_planar else raw.reshape(-1, len(frame.layout.channels))
    name = frame.format.name.removesuffix("p")
    if name not in _SCALES:
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is counted as such
            return np.ascontiguousarray(points, dtype=np.float32)
    offset, scale = _SCALES[name]
    exact = points.astype(np.float32 if name in ("u8", "s16") else np.float64)
    return np.ascontiguousarray((exact - offset) / scale, dtype=np.float32)
