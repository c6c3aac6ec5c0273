"""Small real media files, rendered with PyAV; every function returns what it wrote or made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

IMAGE_ENCODERS = {
    "png": ("png", "rgb24"),
    "jpg": ("mjpeg", "yuvj444p"),
    "bmp": ("bmp", "bgr24"),
    "tiff": ("tiff", "rgb24"),
}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


# -- waveforms, (N,) float32 -----------------------------------------------------------------------------------------


def silence(sample_rate: int, duration_s: float) -> np.ndarray:
    """Zeros."""
    return np.zeros(round(sample_rate * duration_s), np.float32)


def click(at_s: float, sample_rate: int, duration_s: float) -> np.ndarray:
    """Silence with 10 ms of 0.9."""
    wave = silence(sample_rate, duration_s)
    start = round(at_s * sample_rate)
    wave[max(0, start) : start + sample_rate // 100] = 0.9
    return wave


def tone(frequency_hz: float, amplitude: float, sample_rate: int, duration_s: float) -> np.ndarray:
    """A sine."""
    time_s = np.arange(round(sample_rate * duration_s)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def onset_s(wave: np.ndarray, sample_rate: int, threshold: float = 0.3) -> float:
    """Time of the first sample above a threshold."""
    return int(np.argmax(np.abs(np.asarray(wave)) > threshold)) / sample_rate


# -- frames, (T, H, W, 3) uint8 ------------------------------------------------------------------------------------


def flash_at_times(at_s: float, times_s: np.ndarray, height: int = 64, width: int = 96) -> np.ndarray:
    """Black frames; the one on the screen at `at_s` is white."""
    frames = np.zeros((len(times_s), height, width, 3), np.uint8)
    frames[int(np.searchsorted(times_s, at_s + 1e-6, side="right")) - 1] = 255
    return frames


def flash(at_s: float, fps: float, duration_s: float, height: int = 64, width: int = 96) -> np.ndarray:
    """Black frames at a fixed rate; the one on the screen at `at_s` is white."""
    return flash_at_times(at_s, np.arange(round(duration_s * fps)) / fps, height, width)


def top_half_white(num_frames: int, height: int, width: int) -> np.ndarray:
    """Still frames, the upper half white."""
    frames = np.zeros((num_frames, height, width, 3), np.uint8)
    frames[:, : height // 2] = 255
    return frames


def numbered(num_frames: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Frame i is grey of value 10 + 4 i (i < 60), so that a decoded frame tells which one it is."""
    values = (10 + 4 * np.arange(num_frames)).astype(np.uint8)
    return np.broadcast_to(values[:, None, None, None], (num_frames, height, width, 3)).copy()


# -- files -----------------------------------------------------------------------------------------------------------


def write_media(
    path: Path,
    *,
    wave: np.ndarray | None = None,
    sample_rate: int = 48_000,
    audio_codec: str | None = None,
    sample_format: str | None = None,
    layout: str | None = None,
    bit_rate: int | None = None,
    audio_start_s: float = 0.0,
    frames: np.ndarray | None = None,
    fps: Fraction | float = 25,
    times_s: np.ndarray | None = None,
    video_codec: str = "libx264",
    pixel_format: str = "yuv420p",
    video_start_s: float = 0.0,
    rotation_deg: int = 0,
    gop: int | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A media file.

    Args:
        path: Where; the suffix gives the container unless `container` does.
        wave: (N,) or (C, N) float32.
        sample_rate: Hz.
        audio_codec: Default is aac.
        sample_format: Of the encoder, default is its first.
        layout: Of the channels, default by count.
        bit_rate: Of the sound.
        audio_start_s: How late the first sample is heard.
        frames: (T, H, W, 3) uint8.
        fps: Rate of the frames.
        times_s: Their times instead of a fixed rate.
        video_codec: Encoder.
        pixel_format: Of the encoder.
        video_start_s: How late the first frame is shown.
        rotation_deg: Counter-clockwise turn of the display matrix.
        gop: Distance of key frames.
        container: Muxer name.
        options: For the muxer.
    """
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        streams = []
        if frames is not None:
            streams.append(
                _video(out, frames, fps, times_s, video_codec, pixel_format, video_start_s, rotation_deg, gop)
            )
        if wave is not None:
            wave = np.atleast_2d(wave)
            codec = audio_codec or "aac"
            streams.append(_audio(out, wave, sample_rate, codec, sample_format, layout, bit_rate, audio_start_s))
        packets = [p for stream in streams for p in stream]
        for packet in sorted(packets, key=lambda p: float((p.dts if p.dts is not None else 0) * p.time_base)):
            out.mux(packet)
    return path


def _video(out, frames, fps, times_s, codec, pixel_format, start_s, rotation_deg, gop):
    rate = Fraction(fps).limit_denominator(1001)
    stream = out.add_stream(codec, rate=rate)
    stream.height, stream.width = frames.shape[1:3]
    stream.pix_fmt = pixel_format
    coarse = codec in ("mpeg4", "mpeg2video")  # they do not take fine time bases
    if codec == "libx264":
        stream.options = {"crf": "12", "preset": "ultrafast"}
    if coarse:
        stream.bit_rate, stream.options = 4_000_000, {"qmin": "1", "qmax": "2"}
    if gop:
        stream.codec_context.gop_size = gop
    if rotation_deg:
        stream.set_display_rotation(rotation_deg)
    time_base = 1 / rate if coarse else Fraction(1, 90_000)
    stream.time_base = stream.codec_context.time_base = time_base
    times_s = np.arange(len(frames)) / float(rate) if times_s is None else times_s
    for pixels, time_s in zip(frames, times_s, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(format=pixel_format)
        frame.pts, frame.time_base = round((start_s + time_s) / float(time_base)), time_base
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _audio(out, wave, sample_rate, codec, sample_format, layout, bit_rate, start_s):
    layout = layout or LAYOUTS[len(wave)]
    stream = out.add_stream(codec, rate=sample_rate, layout=layout)
    if sample_format:
        stream.codec_context.format = sample_format
    if bit_rate:
        stream.bit_rate = bit_rate
    stream.codec_context.time_base = Fraction(1, sample_rate)
    if codec == "vorbis":
        stream.codec_context.options = {"strict": "experimental"}  # what libav calls its own encoder of it
    stream.codec_context.open()
    size = stream.codec_context.frame_size or 1024
    convert = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=sample_rate)
    position = round(start_s * sample_rate)
    for start in range(0, wave.shape[1], size):
        part = np.ascontiguousarray(wave[:, start : start + size].T, dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="flt", layout=layout)
        frame.sample_rate, frame.time_base = sample_rate, Fraction(1, sample_rate)
        frame.pts = position + start
        for converted in convert.resample(frame):
            yield from stream.encode(converted)
    yield from stream.encode(None)


def write_pcm_wav(path: Path, wave: np.ndarray, sample_rate: int, codec: str = "pcm_s16le") -> Path:
    """A WAV file of (N,) or (C, N) float32 in one of libav's PCM encodings."""
    return write_media(path, wave=wave, sample_rate=sample_rate, audio_codec=codec)


def write_image(path: Path, pixels: np.ndarray) -> Path:
    """An image file of RGB uint8 (H, W, 3), of a kind in `IMAGE_ENCODERS`."""
    codec, pixel_format = IMAGE_ENCODERS[path.suffix[1:]]
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = pixels.shape[1], pixels.shape[0], pixel_format
    encoder.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format)
    path.write_bytes(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)]))
    return path


def write_image_folder(folder: Path, frames: np.ndarray, suffix: str = "png") -> Path:
    """A folder of `frame_0.png`, `frame_1.png` ... from frames (T, H, W, 3) uint8."""
    folder.mkdir()
    for i, pixels in enumerate(frames):
        write_image(folder / f"frame_{i}.{suffix}", pixels)
    return folder


def write_leaping_audio(
    path: Path, parts: list[np.ndarray], *, sample_rate: int, starts_s: tuple[float, ...], codec: str = "pcm_s16le"
) -> Path:
    """A file whose audio, waveforms (N,) float32, goes on at other times than where it stopped."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=sample_rate, layout="mono")
        for wave, start_s in zip(parts, starts_s, strict=True):
            frame = av.AudioFrame.from_ndarray((wave * 32767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = sample_rate, Fraction(1, sample_rate)
            frame.pts = round(start_s * sample_rate)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def write_two_audio_tracks(path: Path, waves: list[np.ndarray], sample_rate: int, *, default: int) -> Path:
    """A file with several audio tracks (N,) float32, one of them marked as default."""
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("flac", rate=sample_rate, layout="mono") for _ in waves]
        for position, stream in enumerate(streams):
            is_default = position == default
            stream.disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)
        for stream, wave in zip(streams, waves, strict=True):
            for start in range(0, len(wave), 1024):
                pcm = (wave[start : start + 1024] * 32767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = sample_rate, Fraction(1, sample_rate), start
                for packet in stream.encode(frame):
                    out.mux(packet)
            for packet in stream.encode(None):
                out.mux(packet)
    return path


def write_empty_wav(path: Path, sample_rate: int = 16_000) -> Path:
    """A valid WAV header without samples."""
    header = b"RIFF" + (36).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (
        (1).to_bytes(2, "little") * 2 + sample_rate.to_bytes(4, "little") + (2 * sample_rate).to_bytes(4, "little")
    )
    header += (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + (0).to_bytes(4, "little")
    path.write_bytes(header)
    return path


def cut_file(path: Path, target: Path, share: float) -> Path:
    """The first part of a file's bytes."""
    data = path.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target
