"""Uploads to a GPU: from memory that was pinned as a whole, or through a few pinned buffers, filled in turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

_BUFFER_BYTES = 64 << 20  # of each buffer
_NUM_BUFFERS = 4
_NUM_THREADS = 4  # one core copies a few GB/s, less than a GPU takes
_SHARED_FROM_BYTES = 1 << 20  # below this one thread fills a buffer sooner than four


class PinnedUpload:
    """Pinned buffers of a fixed size, shared by arrays of all shapes, and a stream for the copies.

    Args:
        device: A GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._buffers = [torch.empty(_BUFFER_BYTES, dtype=torch.uint8, pin_memory=True) for _ in range(_NUM_BUFFERS)]
        self._sent: list[torch.cuda.Event | None] = [None] * _NUM_BUFFERS
        self._turn = 0
        self._lock = threading.Lock()  # a batch that failed is uploaded again by the run's own thread
        self._regions: dict[int, np.ndarray] = {}  # address -> memory
        self._in_transit: deque[tuple[torch.cuda.Event, Sequence[np.ndarray]]] = deque()
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="avmeter-pinned-upload")

    def pin(self, memory: np.ndarray) -> None:
        """Have the GPU read arrays in this memory where they lie; where the system allows it."""
        start = torch.from_numpy(memory).data_ptr()
        if int(_cuda().cudaHostRegister(start, memory.nbytes, 0)) == 0:
            self._regions[start] = memory

    def close(self) -> None:
        """Wait for all copies, and give up the memory that was pinned."""
        self._stream.synchronize()
        self._in_transit.clear()
        for start in self._regions:
            _cuda().cudaHostUnregister(start)
        self._regions.clear()

    def _is_pinned(self, row: np.ndarray) -> bool:
        if not self._regions or not row.flags.c_contiguous or not row.nbytes:
            return False
        address = row.__array_interface__["data"][0]
        return any(start <= address < start + region.nbytes for start, region in self._regions.items())

    def upload(self, rows: Sequence[np.ndarray]) -> Tensor:
        """Copy rows of one shape to one tensor on the device; work queued there afterwards waits for the copies."""
        current = torch.cuda.current_stream(self._device)
        with self._lock, torch.cuda.stream(self._stream):
            dtype = torch.from_numpy(np.empty(0, rows[0].dtype)).dtype
            batch = torch.empty((len(rows), *rows[0].shape), dtype=dtype, device=self._device)
            is_pinned = [self._is_pinned(row) for row in rows]
            if all(is_pinned):
                self._send_directly(rows, batch)
            elif not any(is_pinned):
                self._send_in_parts(rows, batch)
            else:
                for row, i, pinned in zip(rows, range(len(rows)), is_pinned, strict=True):
                    send = self._send_directly if pinned else self._send_in_parts
                    send([row], batch[i : i + 1])
        batch.record_stream(current)
        current.wait_stream(self._stream)
        return batch

    def _send_directly(self, rows: Sequence[np.ndarray], target: Tensor) -> None:
        """Copy rows in pinned memory; they are held on to until the GPU has read them."""
        while self._in_transit and _has_passed(self._in_transit[0][0]):
            self._in_transit.popleft()
        for i, row in enumerate(rows):
            target[i].copy_(torch.from_numpy(row), non_blocking=True)
        self._in_transit.append((self._stream.record_event(), rows))

    def _send_in_parts(self, rows: Sequence[np.ndarray], target: Tensor) -> None:
        num_at_once = max(1, _BUFFER_BYTES // max(1, rows[0].nbytes))
        for start in range(0, len(rows), num_at_once):
            self._send(rows[start : start + num_at_once], target[start : start + num_at_once])

    def _send(self, rows: Sequence[np.ndarray], target: Tensor) -> None:
        if target.nbytes > _BUFFER_BYTES:  # one row that fits no buffer
            target.copy_(torch.from_numpy(np.stack(rows)))
            return
        turn, self._turn = self._turn, (self._turn + 1) % _NUM_BUFFERS
        sent = self._sent[turn]
        if sent is not None:
            sent.synchronize()
        buffer = self._buffers[turn][: target.nbytes].view(target.dtype).view(target.shape)
        self._fill(buffer.numpy(), rows)
        target.copy_(buffer, non_blocking=True)
        self._sent[turn] = self._stream.record_event()

    def _fill(self, buffer: np.ndarray, rows: Sequence[np.ndarray]) -> None:
        if len(rows) == 1 or buffer.nbytes < _SHARED_FROM_BYTES:
            np.stack(rows, out=buffer)
            return
        shares = [range(start, len(rows), _NUM_THREADS) for start in range(min(_NUM_THREADS, len(rows)))]

        def fill(share: range) -> None:
            for i in share:
                buffer[i] = rows[i]

        for _ in self._threads.map(fill, shares):
            pass


def _cuda() -> Any:
    """Return the CUDA runtime, whose functions return 0 for success."""
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]


def _has_passed(event: torch.cuda.Event) -> bool:
    return bool(event.query())  # type: ignore[no-untyped-call]
