"""Grey frames through the MPEG-4 encoder and back, as OpenCV writes files of the type `mp4v` and reads them again.

The packets are those of OpenCV 5.0's writer to the byte, without a file: one thread, a bit for every pixel and a
tolerance as large, an intra frame every 12, quantisers of 3 and more, even sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from avmeter.errors import MediaError, SkipCode

_GLOBAL_HEADER = 1 << 22  # the stream's header beside the packets, as mp4 has it
_INTRA_EVERY = 12
_LEAST_QUANTISER = 3

GreyFrame = npt.NDArray[np.uint8]
"""(H, W)."""


class Mpeg4RoundTrip:
    """Encodes frames and decodes them again; they may come out later than they went in.

    Args:
        width: Of the frames; an odd last column is cut off.
        height: Likewise.
        fps: Frames per second, which with the size gives the bit rate.

    Raises:
        MediaError: `unsupported`: the frames are smaller than 2x2, or larger than the encoder takes.
    """

    def __init__(self, *, width: int, height: int, fps: int) -> None:
        self._width, self._height = width & -2, height & -2
        self._num_sent = 0
        encoder, decoder = av.CodecContext.create("mpeg4", "w"), av.CodecContext.create("mpeg4", "r")
        assert isinstance(encoder, av.VideoCodecContext)
        assert isinstance(decoder, av.VideoCodecContext)
        self._encoder, self._decoder = encoder, decoder
        encoder.width, encoder.height, encoder.pix_fmt = self._width, self._height, "yuv420p"
        encoder.framerate, encoder.time_base = Fraction(fps), Fraction(1, fps)
        encoder.bit_rate = min(fps * self._width * self._height, (2**31 - 1) // 2)
        encoder.gop_size = _INTRA_EVERY
        encoder.thread_count = decoder.thread_count = 1
        encoder.flags |= _GLOBAL_HEADER
        encoder.options = {"qmin": str(_LEAST_QUANTISER), "bt": str(encoder.bit_rate)}
        try:
            encoder.open()
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                SkipCode.UNSUPPORTED,
                f"MPEG-4 does not take frames of {width}x{height}",
                hint="give frames of another size, or leave out this metric",
            ) from error
        decoder.extradata = encoder.extradata

    def add(self, frame: GreyFrame) -> Iterator[GreyFrame]:
        """Take a frame; yield those that are through."""
        pixels = np.ascontiguousarray(frame[: self._height, : self._width])
        sent = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p", interpolation="BICUBIC")
        sent.pts = self._num_sent
        self._num_sent += 1
        yield from self._decoded(self._encoder.encode(sent))

    def finish(self) -> Iterator[GreyFrame]:
        """Yield the frames that are still under way."""
        yield from self._decoded([*self._encoder.encode(None), None])

    def _decoded(self, packets: Iterable[av.Packet | None]) -> Iterator[GreyFrame]:
        for packet in packets:
            for frame in self._decoder.decode(packet):
                yield frame.to_ndarray(format="bgr24")[:, :, 0]
