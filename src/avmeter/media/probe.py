"""What a media file says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.container import MAX_PIXELS, File, open_container, size_of
from avmeter.media.guessed_duration import has_guessed_duration
from avmeter.media.orientation import UPRIGHT, Orientation, orientation_of
from avmeter.media.pixel_aspect import display_width
from avmeter.media.stream_choice import Kind, choose_stream, readable_streams, undecodable_streams


@dataclass(frozen=True, kw_only=True)
class AudioStream:
    """An audio track as its header describes it. Times in seconds on the container's clock; None = not reported."""

    index: int
    codec: str
    sample_rate: int
    num_channels: int
    layout: str
    sample_format: str
    start_s: float | None
    duration_s: float | None


@dataclass(frozen=True, kw_only=True)
class VideoStream:
    """A video track as its header describes it.

    `width` and `height` are those on the screen: with square pixels, after rotation.

    `rotation_deg` is how far decoded frames must be turned clockwise to stand upright; `first_frame_s` is the time of
    the first frame that can be decoded.
    """

    index: int
    codec: str
    width: int
    height: int
    rotation_deg: int
    average_fps: float | None
    start_s: float | None
    duration_s: float | None
    num_frames: int | None
    first_frame_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """A media file as its headers describe it. Cover art is not counted as video.

    Attributes:
        path: Or the name of what is in memory.
        size_bytes: Of the file.
        container: Name of the demuxer.
        audio: Audio streams that can be decoded, the one that is read first.
        video: Video streams likewise.
        undecodable: "audio" or "video" for every stream without a decoder.
    """

    path: str
    size_bytes: int
    container: str
    audio: tuple[AudioStream, ...]
    video: tuple[VideoStream, ...]
    undecodable: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the streams in a few words: "1 video stream, h264, 640x360, 25 fps"."""
        parts = []
        if self.audio:
            a = self.audio[0]
            plural = "s" if len(self.audio) > 1 else ""
            parts.append(f"{len(self.audio)} audio stream{plural}, {a.codec}, {a.num_channels} ch, {a.sample_rate} Hz")
        if self.video:
            v = self.video[0]
            plural = "s" if len(self.video) > 1 else ""
            rate = f", {v.average_fps:g} fps" if v.average_fps else ""
            parts.append(f"{len(self.video)} video stream{plural}, {v.codec}, {v.width}x{v.height}{rate}")
        parts += [f"{kind} stream without a decoder" for kind in self.undecodable]
        return "; ".join(parts) or "no streams"


def probe(
    file: File, *, audio_stream: int | None = None, max_pixels: int = MAX_PIXELS, advance: Advance = unwatched
) -> MediaInfo:
    """Read the streams of a media file, from its headers; one frame is decoded to learn the rotation of a video.

    Args:
        file: The file.
        audio_stream: Which audio stream is read, as in `choose_stream`.
        max_pixels: A larger frame is not decoded.
        advance: Called for every packet.

    Raises:
        MediaError: `missing_file`, `not_a_file`, `empty_file`, `unreadable` (no permission, not media) or
            `decode_error` (damaged).
    """
    size_bytes = size_of(file)
    with open_container(file, max_pixels=max_pixels) as container:
        undecodable = undecodable_streams(container)
        audio_streams = _chosen_first(container, file, "audio", audio_stream)
        video_streams = _chosen_first(container, file, "video", None)
        is_decodable = bool(video_streams) and _num_pixels(video_streams[0]) <= max_pixels
        orientation, first_frame_s = UPRIGHT, None
        if is_decodable:
            orientation, first_frame_s = _first_frame(container, video_streams[0], advance)
        info = MediaInfo(
            path=str(file),
            size_bytes=size_bytes,
            container=container.format.name,
            audio=tuple(_audio_stream(s, container, file) for s in audio_streams),
            video=tuple(_video_stream(s, container, file, orientation, first_frame_s) for s in video_streams),
            undecodable=undecodable,
        )
    if not info.audio and not info.video and not undecodable:
        raise MediaError(
            SkipCode.UNREADABLE,
            f"{file}: neither audio nor video in it that can be decoded ({info.container})",
            hint="give a file with an audio or a video stream",
        )
    return info


def _chosen_first(container: Any, file: File, kind: Kind, choice: int | None) -> list[Any]:
    streams = readable_streams(container, kind)
    try:
        chosen = choose_stream(container, file, kind, choice)
    except MediaError:
        return streams  # raised again for whoever asks for the stream
    return [chosen, *(s for s in streams if s is not chosen)]


def _audio_stream(stream: Any, container: Any, file: File) -> AudioStream:
    context = stream.codec_context
    return AudioStream(
        index=stream.index,
        codec=context.name,
        sample_rate=context.sample_rate,
        num_channels=context.channels,
        layout=context.layout.name,
        sample_format=context.format.name if context.format else "unknown",
        start_s=_seconds(stream.start_time, stream.time_base),
        duration_s=_duration_s(stream, container, file),
    )


def _video_stream(
    stream: Any, container: Any, file: File, orientation: Orientation, first_frame_s: float | None
) -> VideoStream:
    context = stream.codec_context
    width, height = display_width(context.width, stream.sample_aspect_ratio), context.height
    if orientation.swaps_sides:
        width, height = height, width
    rate = stream.average_rate or stream.guessed_rate
    return VideoStream(
        index=stream.index,
        codec=context.name,
        width=width,
        height=height,
        rotation_deg=orientation.rotation_deg,
        average_fps=float(rate) if rate else None,
        start_s=_seconds(stream.start_time, stream.time_base),
        duration_s=_duration_s(stream, container, file),
        num_frames=stream.frames or None,
        first_frame_s=first_frame_s,
    )


def _seconds(ticks: int | None, time_base: Any) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)


def _duration_s(stream: Any, container: Any, file: File) -> float | None:
    """Return the stream's own duration, or that of the container if it has no other stream.

    None where the demuxer guesses: from the bit rate of the first frames, or from the last time stamps.
    """
    if has_guessed_duration(container.format.name, file):
        return None
    own = _seconds(stream.duration, stream.time_base)
    if own is not None and own > 0:
        return own
    tagged = _clock_text_s(stream.metadata.get("DURATION", ""))
    if tagged is not None:  # Matroska: the end of the stream on the container's clock
        return tagged - max(0.0, _seconds(stream.start_time, stream.time_base) or 0.0)
    if len(container.streams) == 1 and container.duration and container.duration > 0:
        return float(container.duration / av.time_base)
    return None


def _clock_text_s(text: str) -> float | None:
    """Return the seconds of "00:00:05.012000000"."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None


def _num_pixels(stream: Any) -> int:
    return int(stream.codec_context.width * stream.codec_context.height)


def _first_frame(container: Any, stream: Any, advance: Advance) -> tuple[Orientation, float | None]:
    """Decode the first frame that can be shown: its orientation and its time."""
    try:
        for packet in container.demux(stream):
            advance(0.0)
            for frame in packet.decode():
                return orientation_of(frame), frame.time
    except (av.error.FFmpegError, OSError, ValueError):
        return UPRIGHT, None  # the video cannot be decoded: raised when its frames are asked for
    return UPRIGHT, None
