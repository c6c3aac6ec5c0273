"""Writing clips: for the demo and for damaged copies. Never into an input folder: the caller names the file."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avmeter.media.container import create_container, open_container
from avmeter.media.stream_choice import choose_stream, readable_streams

_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0(side)", 6: "5.1(side)", 7: "6.1", 8: "7.1"}
"""What FLAC takes a number of channels for."""
MAX_CHANNELS = max(_LAYOUTS)
"""More does not fit into FLAC."""
USUAL_CRF = 18.0
"""What x264 leaves out at this rate factor is hardly seen."""
_BLOCK = 1024
_CLOCK = Fraction(1, 90_000)
_COPIED_INTO_MP4 = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "mp3float", "opus"})


def write_audio(
    path: Path, samples: npt.NDArray[np.float32], sample_rate: int, *, channels: Sequence[str] = ()
) -> Path:
    """Write audio losslessly as FLAC (24 bit).

    Args:
        path: File to write, ending in `.flac`.
        samples: (C, N), full scale 1; what lies beyond is clipped by the format.
        sample_rate: Hz.
        channels: Names of the channels, such as "FL", "FR", "LFE"; default is FLAC's own for their number.
    """
    with create_container(path) as out:
        stream = out.add_stream("flac", rate=sample_rate, layout=_layout(len(samples), channels))
        stream.codec_context.format = av.AudioFormat("s32")
        for packet in _encode_audio(stream, samples, sample_rate):
            out.mux(packet)
    return path


def write_wav(path: Path, samples: npt.NDArray[np.float32], sample_rate: int) -> Path:
    """Write audio as WAV (16 bit), for programs that read nothing else.

    Args:
        path: File to write, ending in `.wav`.
        samples: (C, N), full scale 1; what lies beyond is clipped by the format.
        sample_rate: Hz.
    """
    with create_container(path) as out:
        stream = out.add_stream("pcm_s16le", rate=sample_rate, layout=_layout(len(samples), ()))
        scaled = np.clip(np.rint(np.asarray(samples, np.float64) * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
        layout = stream.codec_context.layout
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(scaled.T).reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = sample_rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return path


def write_clip(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: float,
    times_s: Sequence[float] | npt.NDArray[np.float64] | None = None,
    samples: npt.NDArray[np.float32] | None = None,
    sample_rate: int = 48_000,
    crf: float = USUAL_CRF,
) -> Path:
    """Write a video (H.264) with lossless audio (FLAC, 24 bit), in Matroska or in MP4, which browsers play.

    Args:
        path: File to write, `.mkv` or `.mp4`.
        frames: RGB frames (H, W, 3) of even size.
        fps: Frames per second.
        times_s: When each frame is shown, ascending from 0; default is every 1/fps.
        samples: (C, N) audio, or None.
        sample_rate: Hz.
        crf: x264's constant rate factor; lower is better.
    """
    with create_container(path) as out:
        video = _video_stream(out, fps, crf)
        audio: Iterator[av.Packet] = iter(())
        if samples is not None:
            audio = _encode_audio(_audio_stream(out, len(samples), sample_rate), samples, sample_rate)
        _mux(out, _encode_video(video, frames, fps, times_s, 0.0), audio)
    return path


def write_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: float,
    times_s: Sequence[float] | npt.NDArray[np.float64],
    audio_of: Path,
    start_s: float = 0.0,
    crf: float = USUAL_CRF,
) -> Path:
    """Write a new video (H.264) beside the audio track of a file, its packets copied.

    Args:
        path: File to write; `.mkv` takes any audio, `.mp4` what `fits_mp4` says.
        frames: RGB frames (H, W, 3) of even size.
        fps: Frames per second, written to the header.
        times_s: When each frame is shown, ascending from 0.
        audio_of: File with the audio track.
        start_s: When the audio begins on the clock of the video; below 0 it begins before the video.
        crf: As for `write_clip`.
    """
    with open_container(audio_of) as source, create_container(path) as out:
        video = _video_stream(out, fps, crf)
        stream = choose_stream(source, audio_of, "audio")
        copy = out.add_stream_from_template(stream)
        copied = _copied(source, stream, copy, max(start_s, 0.0))
        _mux(out, _encode_video(video, frames, fps, times_s, max(-start_s, 0.0)), copied)
    return path


def replace_audio(
    path: Path,
    video_of: Path,
    *,
    samples: npt.NDArray[np.float32],
    sample_rate: int,
    channels: Sequence[str] = (),
    start_s: float = 0.0,
) -> Path:
    """Write the video of a file, its packets copied, with other audio (FLAC, 24 bit).

    Args:
        path: File to write, `.mp4` or `.mkv`.
        video_of: File with the video.
        samples: (C, N) audio.
        sample_rate: Hz.
        channels: As for `write_audio`; `.mp4` keeps those for which `keeps_channels_in_mp4` is true.
        start_s: When the audio begins on the clock of the video; below 0 it begins before the video.
    """
    with open_container(video_of) as source, create_container(path) as out:
        stream = choose_stream(source, video_of, "video")
        copy = out.add_stream_from_template(stream)
        audio = _audio_stream(out, len(samples), sample_rate, channels)
        copied = _copied(source, stream, copy, max(-start_s, 0.0))
        start_sample = round(max(start_s, 0.0) * sample_rate)
        _mux(out, copied, _encode_audio(audio, samples, sample_rate, start_sample=start_sample))
    return path


def fits_mp4(path: Path) -> bool:
    """True if the audio of a file can be copied into MP4."""
    with open_container(path) as source:
        has_audio = bool(readable_streams(source, "audio"))
        return has_audio and choose_stream(source, path, "audio").codec_context.name in _COPIED_INTO_MP4


def keeps_channels_in_mp4(num_channels: int, channels: Sequence[str]) -> bool:
    """True if MP4 says by their number alone which channels these are."""
    return bool(av.AudioLayout(_layout(num_channels, channels)).name == _LAYOUTS[num_channels])


def _layout(num_channels: int, channels: Sequence[str]) -> str:
    if len(channels) == num_channels:
        with contextlib.suppress(ValueError):  # names that make no layout
            return str(av.AudioLayout("+".join(channels)).name)
    return _LAYOUTS[num_channels]


def _mux(out: av.container.OutputContainer, video: Iterator[av.Packet], audio: Iterator[av.Packet]) -> None:
    """Write both streams interleaved by time, as players expect."""
    for packet in heapq.merge(video, audio, key=_time):
        out.mux(packet)


def _time(packet: av.Packet) -> float:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return float((stamp or 0) * packet.time_base)


def _video_stream(out: av.container.OutputContainer, fps: float, crf: float) -> av.VideoStream:
    rate = Fraction(fps).limit_denominator(1001)
    video = out.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
    video.pix_fmt = "yuv420p"
    video.time_base = video.codec_context.time_base = _CLOCK
    return video


def _encode_video(
    video: av.VideoStream,
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: float,
    times_s: Sequence[float] | npt.NDArray[np.float64] | None,
    start_s: float,
) -> Iterator[av.Packet]:
    for number, frame in enumerate(frames):
        if number == 0:
            video.height, video.width = frame.shape[:2]
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        time_s = number / fps if times_s is None else float(times_s[number])
        image.pts, image.time_base = round((start_s + time_s) / _CLOCK), _CLOCK
        yield from video.encode(image)
    yield from video.encode(None)


def _copied(
    source: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, copy: av.stream.Stream, start_s: float
) -> Iterator[av.Packet]:
    """Yield the packets of a stream, moved so that it starts at `start_s`."""
    first = (stream.start_time or 0) - round(start_s / stream.time_base)
    for packet in source.demux(stream):
        if packet.dts is None:
            continue
        packet.pts = None if packet.pts is None else packet.pts - first
        packet.dts -= first
        packet.stream = copy
        yield packet


def _audio_stream(
    out: av.container.OutputContainer, num_channels: int, sample_rate: int, channels: Sequence[str] = ()
) -> av.AudioStream:
    audio = out.add_stream("flac", rate=sample_rate, layout=_layout(num_channels, channels))
    audio.codec_context.format = av.AudioFormat("s32")
    return audio


def _encode_audio(
    stream: av.AudioStream, samples: npt.NDArray[np.float32], sample_rate: int, *, start_sample: int = 0
) -> Iterator[av.Packet]:
    """Yield FLAC packets of samples (C, N), 24 bit, the first at position `start_sample`."""
    scaled = np.clip(np.rint(np.asarray(samples, np.float64) * 2**23), -(2**23), 2**23 - 1).astype(np.int32) << 8
    layout = stream.codec_context.layout
    for start in range(0, scaled.shape[1], _BLOCK):
        block = np.ascontiguousarray(scaled[:, start : start + _BLOCK].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s32", layout=layout)
        frame.sample_rate = sample_rate
        frame.pts, frame.time_base = start_sample + start, Fraction(1, sample_rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)
