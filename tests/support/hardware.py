"""A decoder outside libav, played by libav: takes packets one by one, and gives frames as a card does."""

import contextlib

import av
import numpy as np
import torch

from avmeter.engine.decode.hardware import _Stream
from avmeter.media.hardware import CodedStream, NotDecodedError


class PlayedSession:
    """A `Session` without a card.

    Attributes:
        num_streams: Streams it has begun.
    """

    def __init__(self, stream, *, fails_at=None, changes=None):
        self._stream = stream
        self._fails_at = fails_at
        self._changes = changes or (lambda frame: frame)
        self.num_streams = 0

    def guard(self):
        return contextlib.nullcontext()

    def begin(self):
        self._context = av.CodecContext.create(self._stream.codec, "r")
        self._context.thread_count = 1
        self.num_streams += 1
        self.num_calls = 0
        self._carried = None

    def decode(self, data, token):
        self.num_calls += 1
        if self.num_calls == self._fails_at:
            raise RuntimeError("the card has gone")
        return [(stamp, torch.from_numpy(frame)) for stamp, frame in self._frames(data, token)]

    def _frames(self, data, token):
        packets = self._packets(data, token) if self._stream.is_delimited else [_packet(data, token)] if data else []
        for packet in [*packets, *([] if data else [None])]:
            for frame in self._context.decode(packet):
                yield frame.pts or 0, self._changes(_as_nv12(frame))

    def _packets(self, data, token):
        """Return what is whole now: the last packet of a call ends where that of the next one begins."""
        found = self._context.parse(data)
        begun_before = [self._carried] if self._carried is not None else []
        tokens = [*begun_before, token, *[0] * len(found)]
        for packet, own in zip(found, tokens, strict=False):
            packet.pts = own
        self._carried = tokens[len(found)] if data else None
        return found


def _packet(data, token):
    packet = av.Packet(data)
    packet.pts = token
    return packet


class PlayedHardware:
    """A `Hardware` of played sessions."""

    def __init__(self, **options):
        self.sessions = []
        self._options = options

    def open(self, stream):
        self.sessions.append(PlayedSession(stream, **self._options))
        return self.sessions[-1]


class PlayedDecoder:
    """A `HardwareDecoder` in one process.

    Attributes:
        streams: What was begun.
        refusals: Why libav had to take over.
    """

    def __init__(self, *, fails_at=None, **options):
        self.streams: list[CodedStream] = []
        self.refusals: list[str] = []
        self._fails_at = fails_at
        self._options = options

    def refused(self, file: str, reason: str) -> None:
        self.refusals.append(reason)

    def frames(self, stream, packets):
        self.streams.append(stream)
        begun = _Stream(stream, PlayedSession(stream, **self._options))
        for number, packet in enumerate(packets):
            if number == self._fails_at:
                raise NotDecodedError("the card has gone")
            begun.decode([packet])
            yield from _planes(begun)
        begun.flush()
        yield from _planes(begun)


def _planes(begun):
    for stamp, frame in begun.take_ready(1000):
        yield stamp, _as_planes(frame.numpy())


def _as_nv12(frame):
    """Return the frame (h + h / 2, w) uint8, U and V in turn."""
    planes = frame.to_ndarray()
    height, width = frame.height, frame.width
    colour = planes[height:].reshape(2, height // 2, width // 2)
    return np.concatenate([planes[:height], colour.transpose(1, 2, 0).reshape(height // 2, width)])


def _as_planes(mixed):
    height, width = len(mixed) // 3 * 2, mixed.shape[1]
    colour = mixed[height:].reshape(height // 2, width // 2, 2).transpose(2, 0, 1)
    return np.concatenate([mixed[:height], colour.reshape(height // 2, width), np.full((1, width), 255, np.uint8)])
