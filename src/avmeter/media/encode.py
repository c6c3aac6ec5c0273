"""Small copies of clips for pages: JPEG images and Opus sound, in memory."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from avmeter.media.container import create_container

OPUS_RATE = 48_000
_OPUS_BLOCK = 960  # samples: 20 ms
_BITS_PER_CHANNEL = 48_000


def encode_jpeg(image: npt.NDArray[np.uint8], *, width: int, height: int) -> bytes:
    """Return an RGB image (H, W, 3) as JPEG of a size, scaled whatever its shape.

    Args:
        image: The image.
        width: Pixels, even.
        height: Pixels, even.
    """
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, "yuvj420p", Fraction(1, 1)
    codec.options = {"qmin": "4", "qmax": "6"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    scaled = frame.reformat(width=width, height=height, format="yuvj420p")
    scaled.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(scaled), *codec.encode(None)])


def encode_opus(waveform: npt.NDArray[np.float32]) -> bytes:
    """Return sound as Opus in WebM, 48 kbit/s for each channel, which every current browser plays.

    Args:
        waveform: (C, N) at 48 kHz, one or two channels.
    """
    content = io.BytesIO()
    layout = "mono" if len(waveform) == 1 else "stereo"
    with create_container(content, format_name="webm") as out:
        stream = out.add_stream("libopus", rate=OPUS_RATE, layout=layout)
        stream.bit_rate = _BITS_PER_CHANNEL * len(waveform)
        stream.codec_context.format = av.AudioFormat("flt")
        if not waveform.shape[1]:
            waveform = np.zeros((len(waveform), _OPUS_BLOCK), np.float32)
        for start in range(0, waveform.shape[1], _OPUS_BLOCK):
            block = np.clip(np.nan_to_num(waveform[:, start : start + _OPUS_BLOCK]), -1.0, 1.0)
            packed = np.ascontiguousarray(block.T, dtype=np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = OPUS_RATE, start, Fraction(1, OPUS_RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return content.getvalue()
