"""Read packets and decode them with libav: what a damaged file still holds is decoded, and what was lost is noted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av

from avmeter.media.advance import Advance, duration_of, unwatched
from avmeter.media.clock_shifts import Shifts

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


def packets(container: Any, stream: Any, shifts: Shifts, advance: Advance = unwatched) -> Iterator[Any]:
    """Yield packets that hold something to be shown; end early where the file is damaged."""
    for packet in demuxed(container, stream, Losses(), shifts, advance):
        # What is left of a packet that the end of the file cuts off cannot be relied on to become a frame.
        if packet is not None and packet.size and not packet.is_discard and not packet.is_corrupt:
            yield packet


def decoded(container: Any, stream: Any, losses: Losses, shifts: Shifts, advance: Advance = unwatched) -> Iterator[Any]:
    """Yield every frame of a stream that can be decoded, in the order of the decoder, on the shifted clock."""
    for packet in demuxed(container, stream, losses, shifts, advance):
        try:
            frames = packet.decode() if packet is not None else stream.codec_context.decode(None)
        except EOFError:
            return
        except _BROKEN as error:
            losses.num_packets += 1
            losses.note(error)
            continue
        for frame in frames:
            advance(duration_of(frame))
            yield frame


def demuxed(container: Any, stream: Any, losses: Losses, shifts: Shifts, advance: Advance) -> Iterator[Any]:
    """Yield packets on the shifted clock; where the file breaks, None as the last one: flush the decoder."""
    demuxer = container.demux(stream)
    ahead = deque(shifts.get(stream.index, ()))
    shift = position = 0
    while True:
        advance(0.0)
        try:
            packet = next(demuxer)
        except StopIteration:
            return
        except _BROKEN as error:
            losses.cut_off = True
            losses.note(error)
            yield None
            return
        if ahead and ahead[0][0] <= position:
            shift = ahead.popleft()[1]
        position += 1
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        yield packet
