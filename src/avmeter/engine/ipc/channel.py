"""Messages between a run and its decoding processes: pickled headers, and arrays beside them.

    header length, array count | per array: length, and where it is | header | new arrays

Windows overlap, so views of one array come again and again; the last few are remembered on both sides and sent once.
Where the run has lent its process an arena, large arrays lie there, and only their place is sent.
Both ends are processes of one run of this program: a header is never read from anywhere else.
"""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
from collections import deque
from typing import Any

import numpy as np

from avmeter.engine.ipc.arena import Arena, ArenaWriter

_HEAD = struct.Struct("<QII")  # the last number: file descriptors that follow
_ARRAY = struct.Struct("<Qii")  # length, which of the remembered ones, block of the arena
_NEW, _NO_BLOCK = -1, -1
_LARGE_BYTES = 64 << 10
_ROOM_WITHIN_S = 0.25  # arrays may wait for others in a batch that never fills: then what comes goes through the socket
_NUM_REMEMBERED = 2  # more would hold on to much of an arena
_SOCKET_BYTES = 8 << 20  # as much as the system grants: large arrays in few turns


class Channel:
    """One end of a connection.

    Args:
        connection: A connected stream socket; this object closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        with contextlib.suppress(OSError):  # some systems refuse what others cut down to their limit
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        self._sent: deque[tuple[tuple[int, int], memoryview]] = deque(maxlen=_NUM_REMEMBERED)
        self._received: deque[memoryview | np.ndarray] = deque(maxlen=_NUM_REMEMBERED)
        self._arena: Arena | None = None  # lent to the other end
        self._writer: ArenaWriter | None = None  # lent by it

    def lend(self, arena: Arena) -> None:
        """Let the other end write large arrays into memory that both share.

        Raises:
            OSError: The other end is gone.
        """
        self._arena = arena
        self._socket.sendall(_HEAD.pack(0, 0, 1))
        socket.send_fds(self._socket, [b"\0"], [arena.descriptor])

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            OSError: The other end is gone.
        """
        buffers: list[pickle.PickleBuffer] = []
        header = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
        table, new = [], []
        for buffer in buffers:
            view = buffer.raw()
            place = self._place_of_sent(view)
            block = self._write_to_arena(view) if place == _NEW else _NO_BLOCK
            table.append(_ARRAY.pack(view.nbytes, place, block))
            if place == _NEW and block == _NO_BLOCK:
                new.append(view)
        self._socket.sendall(b"".join([_HEAD.pack(len(header), len(buffers), 0), *table, header]))
        for view in new:
            self._socket.sendall(view)

    def _write_to_arena(self, view: memoryview) -> int:
        if self._writer is None or view.nbytes < _LARGE_BYTES:
            return _NO_BLOCK
        block = self._writer.write(view, timeout_s=_ROOM_WITHIN_S)
        return _NO_BLOCK if block is None else block

    def _place_of_sent(self, view: memoryview) -> int:
        """Return which of the remembered arrays this is, and remember it if it is none of them.

        Remembered arrays are held on to, so that no other can have their address.
        """
        key = (int(np.frombuffer(view, np.uint8).__array_interface__["data"][0]), view.nbytes)
        for place, (known, _) in enumerate(self._sent):
            if known == key:
                return place
        self._sent.append((key, view))
        return _NEW

    def receive(self, *, timeout_s: float | None = None) -> Any:
        """Return the next message.

        Args:
            timeout_s: How long it may pause; default is without limit. After a timeout the channel is unusable: the
                rest of the message may still come.

        Raises:
            EOFError: The other end is gone.
            TimeoutError: The message did not come in time.
        """
        self._socket.settimeout(timeout_s)
        header_bytes, num_arrays, num_descriptors = _HEAD.unpack(self._exactly(_HEAD.size))
        while num_descriptors:
            self._borrow()
            header_bytes, num_arrays, num_descriptors = _HEAD.unpack(self._exactly(_HEAD.size))
        table = self._exactly(_ARRAY.size * num_arrays)
        header = self._exactly(header_bytes)
        arrays: list[memoryview | np.ndarray] = []
        for size_bytes, place, block in _ARRAY.iter_unpack(table):
            if place == _NEW:
                array = self._exactly(size_bytes) if block == _NO_BLOCK else self._lent(block, size_bytes)
                self._received.append(array)
                arrays.append(array)
            else:
                arrays.append(self._received[place])
        return pickle.loads(header, buffers=arrays)  # noqa: S301 - from the other process of this run

    def reserve(self, size_bytes: int) -> tuple[int, np.ndarray] | None:
        """Take a block of the arena that the other end has lent; see `ArenaWriter.reserve`."""
        return None if self._writer is None else self._writer.reserve(size_bytes)

    def reserved(self, block: int) -> np.ndarray:
        """Return the memory of a block that the other end has reserved, in the arena that was lent to it."""
        assert self._arena is not None
        return self._arena.block(block)

    def _borrow(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._socket, 1, 1)
        if not descriptors:
            raise EOFError
        self._writer = ArenaWriter(descriptors[0])

    def _lent(self, block: int, size_bytes: int) -> np.ndarray:
        assert self._arena is not None
        return self._arena.array(block, size_bytes)

    def forget(self) -> None:
        """Drop what was remembered; both ends do so between clips."""
        self._sent.clear()
        self._received.clear()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _exactly(self, size_bytes: int) -> memoryview:
        data = np.empty(size_bytes, np.uint8).data
        missing = data
        while len(missing):
            count = self._socket.recv_into(missing)
            if not count:
                raise EOFError
            missing = missing[count:]
        return data
