"""Video that a decoding process has decoded by its run, which has the graphics card.

    process   HardwareOrder: packets              HardwareOrder: more of them, or none   ...
    run       HardwareFrames: what came of them   HardwareFrames                         or a HardwareRefusal

Frames lie in one of two blocks of memory that the process has reserved; an order is the word that it may be written
again. So the run's process has the one context on the card, and files are taken apart in processes that may die.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from avmeter.engine.ipc.channel import Channel
from avmeter.engine.run_log import failure_logger
from avmeter.media.hardware import CodedPacket, CodedStream, NotDecodedError

BLOCK_BYTES = 32 << 20
"""For frames on their way to a process."""
_NUM_BLOCKS = 2  # one is read while the other is written
RESERVED_BYTES = _NUM_BLOCKS * BLOCK_BYTES
"""Of a process."""
_PACKETS, _PACKET_BYTES = 32, 1 << 20  # of an order, unless one packet has more
_MAX_AT_ONCE = 6  # decoding: a card has up to seven decoders
_MAX_IDLE = 4  # sessions of one process, of as many forms of streams


@dataclass(frozen=True, kw_only=True)
class HardwareOrder:
    """Decode these packets.

    Attributes:
        stream: At the beginning of a stream, what it is.
        packets: The next ones.
        is_last: There are no more.
        block: Where frames are to be written.
    """

    stream: CodedStream | None
    packets: Sequence[CodedPacket]
    is_last: bool
    block: int


@dataclass(frozen=True, kw_only=True)
class HardwareFrames:
    """Time stamps of the frames in the block, which lie there one after the other; and whether more are ready."""

    stamps: Sequence[int]
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class HardwareRefusal:
    """The stream is not decoded from here on."""

    reason: str


class RemoteHardware:
    """Has the run decode; a `HardwareDecoder` of a decoding process.

    Args:
        channel: To the run, which answers nothing else meanwhile.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._blocks: list[tuple[int, np.ndarray]] = []

    def refused(self, file: str, reason: str) -> None:
        """Log why libav decodes a file."""
        failure_logger().debug("%s: not decoded by the card: %s", file, reason)

    def frames(self, stream: CodedStream, packets: Iterator[CodedPacket]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield time stamp and planes of requested frames; while they are used, the next ones are decoded."""
        while len(self._blocks) < _NUM_BLOCKS and (reserved := self._channel.reserve(BLOCK_BYTES)) is not None:
            self._blocks.append(reserved)
        if len(self._blocks) < _NUM_BLOCKS or stream.frame_bytes > BLOCK_BYTES:
            raise NotDecodedError("there is no memory for its frames")
        blocks = itertools.cycle(self._blocks)
        orders = itertools.chain(_batches(packets), [()])
        opening: CodedStream | None = stream
        has_more = has_ended = False
        filled: tuple[np.ndarray, Sequence[int]] | None = None
        while not has_ended or has_more:
            block, memory = next(blocks)
            batch = () if has_more else next(orders)
            has_ended = has_ended or not (has_more or batch)
            is_last = has_ended and not has_more
            self._channel.send(HardwareOrder(stream=opening, packets=batch, is_last=is_last, block=block))
            opening = None
            try:
                yield from _stamped(filled, stream)
            finally:
                answer: HardwareFrames | HardwareRefusal = self._channel.receive()
            if isinstance(answer, HardwareRefusal):
                raise NotDecodedError(answer.reason)
            filled, has_more = (memory, answer.stamps), answer.has_more
        yield from _stamped(filled, stream)


def _stamped(filled: tuple[np.ndarray, Sequence[int]] | None, stream: CodedStream) -> Iterator[tuple[int, np.ndarray]]:
    """Yield time stamp and planes of the frames in a block."""
    if filled is not None:
        memory, stamps = filled
        yield from zip(stamps, _frames_in(memory, stream), strict=False)


def _batches(packets: Iterator[CodedPacket]) -> Iterator[list[CodedPacket]]:
    batch: list[CodedPacket] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) == _PACKETS or sum(len(p.data) for p in batch) > _PACKET_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _frames_in(memory: np.ndarray, stream: CodedStream) -> np.ndarray:
    """Return the frames that a block has room for: (n, h + h / 2 + 1, w)."""
    count = len(memory) // stream.frame_bytes
    return memory[: count * stream.frame_bytes].reshape(count, stream.rows, stream.width)


class Session(Protocol):
    """Decodes streams of one form, one after the other."""

    def guard(self) -> AbstractContextManager[Any]:
        """Return what all work on its frames is done within."""

    def begin(self) -> None:
        """Begin a stream, the last one having been flushed."""

    def decode(self, data: bytes, token: int) -> Sequence[tuple[int, Tensor]]:
        """Return token and frame, (h + h / 2, w) uint8 as NV12, of what comes out, in the order of showing.

        Frames are on the device, and valid until the next call.

        Args:
            data: The next packets of the stream; none at its end.
            token: Comes out with the frame of the first of these packets. Those of other frames mean nothing.
        """


class Hardware(Protocol):
    """Opens sessions."""

    def open(self, stream: CodedStream) -> Session:
        """Open a session for streams of this form.

        Raises:
            Exception: It cannot be decoded here.
        """


class HardwareSessions:
    """The run's end for one decoding process, used by one thread.

    Args:
        hardware: Opens sessions; shared by all threads.
    """

    _turns = threading.BoundedSemaphore(_MAX_AT_ONCE)

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._idle: OrderedDict[CodedStream, Session] = OrderedDict()
        self._begun: _Stream | None = None

    def answer(self, order: HardwareOrder, memory: np.ndarray) -> HardwareFrames | HardwareRefusal:
        """Decode, and write frames that are ready.

        Args:
            order: The order.
            memory: (BLOCK_BYTES,) uint8, the block that it names.
        """
        with self._turns:
            try:
                if order.stream is not None:
                    session = self._idle.pop(order.stream, None) or self._hardware.open(order.stream)
                    self._begun = _Stream(order.stream, session)
                if self._begun is None:
                    raise ValueError("no stream was begun")
                return self._answer(self._begun, order, memory)
            except Exception as error:  # noqa: BLE001 - whatever a driver fails with: libav takes over
                self._begun = None  # with its session, whose state nobody knows
                return HardwareRefusal(reason=f"{type(error).__name__}: {error}")

    def _answer(self, begun: _Stream, order: HardwareOrder, memory: np.ndarray) -> HardwareFrames:
        with begun.session.guard():
            begun.decode(order.packets)
            if order.is_last:
                begun.flush()
                self._idle[begun.stream] = begun.session
                if len(self._idle) > _MAX_IDLE:
                    self._idle.popitem(last=False)
            into = _frames_in(memory, begun.stream)
            found = begun.take_ready(len(into))
            if found:
                _write([frame for _, frame in found], into[: len(found)])
        return HardwareFrames(stamps=tuple(stamp for stamp, _ in found), has_more=begun.has_ready)


class _Stream:
    """A stream that is being decoded, many packets at a time: each call is one that other threads may have to wait for.

    Frames come in the order of their time stamps, and without them. So each is taken for the earliest that is due, and
    handed out once a frame with a token has come where it was expected, or the stream has ended with none due.

    Args:
        stream: Its form.
        session: Decodes it.
    """

    def __init__(self, stream: CodedStream, session: Session) -> None:
        self.stream = stream
        self.session = session
        self._num_calls = 0
        self._due: list[tuple[int, int, bool]] = []  # heap of time stamp, token or 0, is requested
        self._unproven: list[tuple[int, Tensor]] = []
        self._ready: deque[tuple[int, Tensor]] = deque()
        session.begin()

    @property
    def has_ready(self) -> bool:
        """Frames wait to be taken."""
        return bool(self._ready)

    def decode(self, packets: Sequence[CodedPacket]) -> None:
        """Decode packets: all at once those of codecs whose packets tell where they begin."""
        size = len(packets) if self.stream.is_delimited else 1
        for start in range(0, len(packets), size or 1):
            part = packets[start : start + size]
            self._num_calls += 1
            for packet in part:
                token = self._num_calls if packet is part[0] else 0
                heapq.heappush(self._due, (packet.stamp, token, packet.is_requested))
            self._take(self.session.decode(b"".join(p.data for p in part), self._num_calls))

    def flush(self) -> None:
        """End the stream.

        Raises:
            ValueError: Frames are missing.
        """
        self._take(self.session.decode(b"", 0))
        if self._due:
            raise ValueError(f"{len(self._due)} frames did not come")
        self._ready.extend(self._unproven)
        self._unproven.clear()

    def take_ready(self, count: int) -> list[tuple[int, Tensor]]:
        """Return the next frames, with their time stamps; at most so many."""
        return [self._ready.popleft() for _ in range(min(count, len(self._ready)))]

    def _take(self, frames: Sequence[tuple[int, Tensor]]) -> None:
        """Give frames their time stamps, and keep copies of those that are requested."""
        requested: list[tuple[int, Tensor]] = []
        num_proven = 0
        for token, frame in frames:
            if not self._due:
                raise ValueError("a frame too many came")
            stamp, expected, is_requested = heapq.heappop(self._due)
            if is_requested:
                requested.append((stamp, frame))
            if expected and expected != token:
                raise ValueError("frames came in another order")
            if expected:
                num_proven = len(self._unproven) + len(requested)
        if requested:
            kept = torch.stack([frame for _, frame in requested])
            self._unproven.extend((stamp, frame) for (stamp, _), frame in zip(requested, kept, strict=True))
        self._ready.extend(self._unproven[:num_proven])
        del self._unproven[:num_proven]


def _write(frames: list[Tensor], into: np.ndarray) -> None:
    """Write NV12 frames (h + h / 2, w) as planes, Y over U over V over a free row, and wait for them to arrive.

    Args:
        frames: On one device.
        into: (n, h + h / 2 + 1, w) uint8.
    """
    height, width = into.shape[1] // 3 * 2, into.shape[2]
    mixed = torch.stack(frames)
    planes = mixed.new_zeros(into.shape)
    planes[:, :height] = mixed[:, :height]
    colour = mixed[:, height:].reshape(len(frames), height // 2, width // 2, 2)
    planes[:, height:-1].view(len(frames), 2, height // 2, width // 2).copy_(colour.permute(0, 3, 1, 2))
    torch.from_numpy(into).copy_(planes, non_blocking=True)
    if planes.is_cuda:
        arrived = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        arrived.record()
        arrived.synchronize()
