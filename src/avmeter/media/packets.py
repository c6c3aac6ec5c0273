"""Read packets and decode them with libav: what a damaged file still holds is decoded, and what was lost is noted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import av

from avmeter.errors import MediaError, SkipCode
from avmeter.media.probe import playable

_BROKEN = (av.error.FFmpegError, OSError, ValueError)
_MISSING = {"audio": SkipCode.NO_AUDIO_TRACK, "video": SkipCode.NO_VIDEO_TRACK}


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


def first_stream(container: Any, path: str | os.PathLike[str], kind: Literal["audio", "video"]) -> Any:
    """Return the first playable stream of a kind.

    Raises:
        MediaError: `no_audio_track` or `no_video_track`.
    """
    streams = playable(getattr(container.streams, kind))
    if not streams:
        raise MediaError(_MISSING[kind], f"{path}: no {kind} track")
    return streams[0]


def packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield packets that hold something to be shown; end early where the file is damaged."""
    for packet in _demuxed(container, stream, Losses()):
        # What is left of a packet that the end of the file cuts off cannot be relied on to become a frame.
        if packet is not None and packet.size and not getattr(packet, "is_discard", False) and not packet.is_corrupt:
            yield packet


def decoded(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """Yield every frame of a stream that can be decoded, in the order of the decoder."""
    for packet in _demuxed(container, stream, losses):
        try:
            frames = packet.decode() if packet is not None else stream.codec_context.decode(None)
        except EOFError:
            return
        except _BROKEN as error:
            losses.num_packets += 1
            losses.note(error)
            continue
        yield from frames


def _demuxed(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """Yield packets; where the file breaks, None as the last one: flush the decoder."""
    demuxer = container.demux(stream)
    while True:
        try:
            packet = next(demuxer)
        except StopIteration:
            return
        except _BROKEN as error:
            losses.cut_off = True
            losses.note(error)
            yield None
            return
        yield packet
