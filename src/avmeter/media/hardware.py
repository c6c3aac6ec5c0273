"""Frames by a decoder outside libav, such as that of a graphics card: the pixels of libav, or a reason why not.

Decoders of H.264, HEVC, VP9 and AV1 must agree to the last bit on streams without errors. The first frame of every
file is decoded by both and compared; after a refusal, at any frame, libav goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import av
import numpy as np

from avmeter.media.advance import Advance, duration_of, unwatched
from avmeter.media.clock_shifts import Shifts
from avmeter.media.container import MAX_PIXELS, File, open_container
from avmeter.media.orientation import orientation_of
from avmeter.media.packets import Losses, decoded, demuxed
from avmeter.media.pixel_aspect import display_width
from avmeter.media.planes import planes_of
from avmeter.media.stream_choice import choose_stream

# Codec -> libav's filter that turns its packets into a stream with start codes; None where they need none.
_FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb", "vp9": None, "av1": None}


class NotDecodedError(Exception):
    """A stream is not decoded outside libav; the text says why."""


@dataclass(frozen=True, kw_only=True)
class CodedStream:
    """What a decoder is made for: "h264", "hevc", "vp9" or "av1", 4:2:0, 8 bits, no fields; height and width even."""

    codec: str
    height: int
    width: int

    @property
    def is_delimited(self) -> bool:
        """Packets can be told apart when they lie end to end."""
        return _FILTERS[self.codec] is not None

    @property
    def frame_bytes(self) -> int:
        """Bytes of the planes of a frame, with the row of their code."""
        return self.rows * self.width

    @property
    def rows(self) -> int:
        """Rows of such planes."""
        return self.height * 3 // 2 + 1


@dataclass(frozen=True, kw_only=True)
class CodedPacket:
    """One frame, as it is coded; in the order of the decoder.

    Attributes:
        stamp: Its time stamp, which no other has.
        data: The bytes.
        is_requested: The frame is asked for; others are decoded for what refers to them.
    """

    stamp: int
    data: bytes
    is_requested: bool


class HardwareDecoder(Protocol):
    """Decodes one stream after the other."""

    def refused(self, file: str, reason: str) -> None:
        """Note that libav decodes the rest of a file."""

    def frames(self, stream: CodedStream, packets: Iterator[CodedPacket]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield time stamp and planes of requested frames, as they are shown.

        Planes are (h + h / 2 + 1, w) uint8, Y over U over V, and the last row is left to whoever takes them. An array
        is valid until the next one is asked for.

        Raises:
            NotDecodedError: From here on the stream is not decoded.
        """


def hardware_frames(
    file: File,
    requested: Collection[int],
    decoder: HardwareDecoder,
    *,
    shifts: Shifts | None = None,
    max_pixels: int = MAX_PIXELS,
    advance: Advance = unwatched,
) -> Generator[tuple[int, np.ndarray], None, None]:
    """Decode frames of the first video track.

    Args:
        file: The file.
        requested: Their time stamps.
        decoder: Decodes.
        shifts: Of the clock, as for the time stamps.
        max_pixels: Larger frames are not decoded.
        advance: Called for every packet and frame.

    Yields:
        (time stamp, planes as `planes_of` lays them out), in the order of showing; valid until the next ones.

    Raises:
        NotDecodedError: Frames that did not come are for libav.
    """
    stream, first, expected = _first_frame(file, shifts or {}, max_pixels, advance)
    packets = coded_packets(file, {*requested, first}, shifts or {}, max_pixels, advance)
    is_compared = False
    for stamp, planes in decoder.frames(stream, packets):
        planes[-1] = expected[-1]
        if not is_compared:
            if stamp != first or (planes != expected).any():
                raise NotDecodedError("the first frame is not that of libav")
            is_compared = True
        if stamp in requested:
            yield stamp, planes


def _first_frame(file: File, shifts: Shifts, max_pixels: int, advance: Advance) -> tuple[CodedStream, int, np.ndarray]:
    """Return the form of a stream, and time stamp and planes of its first frame, by libav."""
    with open_container(file, max_pixels=max_pixels) as container:
        stream = choose_stream(container, file, "video")
        stream.codec_context.thread_count = 1
        codec = stream.codec_context.codec.canonical_name
        if codec not in _FILTERS:
            raise NotDecodedError(f"the codec is {codec}")
        frame = next(decoded(container, stream, Losses(), shifts, advance), None)
        if frame is None or frame.pts is None:
            raise NotDecodedError("the first frame cannot be decoded")
        if frame.interlaced_frame:
            raise NotDecodedError("frames are of two fields")
        if display_width(frame.width, stream.sample_aspect_ratio) != frame.width:
            raise NotDecodedError("pixels are not square")
        planes = planes_of(frame, orientation_of(frame))
        if planes is None:
            raise NotDecodedError(f"frames are {frame.width}x{frame.height} {frame.format.name}")
        return CodedStream(codec=codec, height=frame.height, width=frame.width), frame.pts, planes


def coded_packets(
    file: File, requested: Collection[int], shifts: Shifts, max_pixels: int, advance: Advance
) -> Iterator[CodedPacket]:
    """Yield the packets of the first video track up to the last that is asked for, those that are not shown too.

    Args:
        file: The file.
        requested: Time stamps of frames that are asked for.
        shifts: Of the clock, as for the time stamps.
        max_pixels: Larger frames are not decoded.
        advance: Called for every packet.

    Raises:
        NotDecodedError: A packet is damaged, cut off, or without a time stamp of its own.
    """
    seen: set[int] = set()
    num_missing = len(requested)
    with open_container(file, max_pixels=max_pixels) as container:
        stream = choose_stream(container, file, "video")
        for packet in _filtered(stream, demuxed(container, stream, Losses(), shifts, advance)):
            if packet.is_corrupt or packet.pts is None or packet.pts in seen:
                raise NotDecodedError("packets are damaged, or without time stamps of their own")
            advance(duration_of(packet))
            seen.add(packet.pts)
            yield CodedPacket(stamp=packet.pts, data=bytes(packet), is_requested=packet.pts in requested)
            num_missing -= packet.pts in requested
            if not num_missing:  # nothing refers to what comes later in the order of the decoder
                return


def _filtered(stream: Any, packets: Iterator[Any]) -> Iterator[Any]:
    name = _FILTERS[stream.codec_context.codec.canonical_name]
    by = None if name is None else av.BitStreamFilterContext(name, stream)
    for packet in packets:
        if packet is None:
            raise NotDecodedError("the file is cut off")
        if packet.size:
            try:
                filtered = [packet] if by is None else by.filter(packet)
            except av.error.FFmpegError as error:
                raise NotDecodedError(f"a packet cannot be read ({error.strerror})") from error
            yield from filtered
