"""Writing clips: for the demo and for damaged copies. Never into an input folder: the caller names the file."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_BLOCK = 1024


def write_audio(path: Path, samples: npt.NDArray[np.float32], sample_rate: int) -> Path:
    """Write sound losslessly as FLAC (24 bit).

    Args:
        path: File to write, ending in `.flac`.
        samples: (C, N), full scale 1; what lies beyond is clipped by the format.
        sample_rate: Hz.
    """
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=sample_rate, layout=_LAYOUTS[len(samples)])
        stream.codec_context.format = av.AudioFormat("s32")
        scaled = np.clip(np.rint(np.asarray(samples, np.float64) * 2**23), -(2**23), 2**23 - 1).astype(np.int32) << 8
        _encode_audio(out, stream, np.ascontiguousarray(scaled.T).reshape(1, -1), len(samples), "s32", sample_rate)
    return path


def write_clip(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: float,
    samples: npt.NDArray[np.float32] | None = None,
    sample_rate: int = 48_000,
    quality: int = 18,
) -> Path:
    """Write a picture (H.264) with lossless sound (FLAC), in Matroska or in MP4, which browsers play.

    Args:
        path: File to write, `.mkv` or `.mp4`.
        frames: RGB frames (H, W, 3) of even size.
        fps: Frames a second.
        samples: (C, N) sound, or None.
        sample_rate: Hz.
        quality: x264's constant rate factor; lower is better.
    """
    with av.open(str(path), "w") as out:
        rate = Fraction(fps).limit_denominator(1001)
        video = out.add_stream("libx264", rate=rate, options={"crf": str(quality), "preset": "veryfast"})
        video.pix_fmt = "yuv420p"
        audio = _sound_stream(out, samples, sample_rate)
        for number, frame in enumerate(frames):
            if number == 0:
                video.height, video.width = frame.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        if audio is not None and samples is not None:
            _encode_sound(out, audio, samples, sample_rate)
    return path


def add_sound(
    path: Path, picture: Path, *, samples: npt.NDArray[np.float32], sample_rate: int, start_s: float = 0.0
) -> Path:
    """Write the picture of a file, its packets copied, with other sound (FLAC).

    Args:
        path: File to write, `.mp4` or `.mkv`.
        picture: File with the picture.
        samples: (C, N) sound.
        sample_rate: Hz.
        start_s: When the sound begins, on the picture's clock, >= 0.
    """
    with av.open(str(picture)) as source, av.open(str(path), "w") as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        audio = _sound_stream(out, samples, sample_rate)
        assert audio is not None
        first: int | None = None
        for packet in source.demux(stream):
            if packet.dts is None:
                continue
            if first is None:
                first = stream.start_time or 0
            packet.pts = None if packet.pts is None else packet.pts - first
            packet.dts -= first
            packet.stream = copy
            out.mux(packet)
        _encode_sound(out, audio, samples, sample_rate, first=round(start_s * sample_rate))
    return path


def _sound_stream(
    out: av.container.OutputContainer, samples: npt.NDArray[np.float32] | None, sample_rate: int
) -> av.AudioStream | None:
    if samples is None:
        return None
    audio = out.add_stream("flac", rate=sample_rate, layout=_LAYOUTS[len(samples)])
    audio.codec_context.format = av.AudioFormat("s16")
    return audio


def _encode_sound(
    out: av.container.OutputContainer,
    audio: av.AudioStream,
    samples: npt.NDArray[np.float32],
    sample_rate: int,
    *,
    first: int = 0,
) -> None:
    scaled = np.clip(np.rint(samples * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    packed = np.ascontiguousarray(scaled.T).reshape(1, -1)
    _encode_audio(out, audio, packed, len(samples), "s16", sample_rate, first=first)


def _encode_audio(
    out: av.container.OutputContainer,
    stream: av.AudioStream,
    packed: npt.NDArray[np.generic],
    points_per_sample: int,
    sample_format: str,
    sample_rate: int,
    *,
    first: int = 0,
) -> None:
    """Encode packed samples (1, N * C) in blocks."""
    step = _BLOCK * points_per_sample
    layout = stream.codec_context.layout
    for start in range(0, packed.shape[1], step):
        block = np.ascontiguousarray(packed[:, start : start + step])
        frame = av.AudioFrame.from_ndarray(block, format=sample_format, layout=layout)
        frame.sample_rate = sample_rate
        frame.pts, frame.time_base = first + start // points_per_sample, Fraction(1, sample_rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
