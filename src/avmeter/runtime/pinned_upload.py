"""Uploads to a GPU: a few pinned buffers, filled and copied in turn while the GPU computes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

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
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="avmeter-pinned-upload")

    def upload(self, rows: Sequence[np.ndarray]) -> Tensor:
        """Copy rows of one shape to one tensor on the device; work queued there afterwards waits for the copies."""
        current = torch.cuda.current_stream(self._device)
        with self._lock, torch.cuda.stream(self._stream):
            dtype = torch.from_numpy(np.empty(0, rows[0].dtype)).dtype
            batch = torch.empty((len(rows), *rows[0].shape), dtype=dtype, device=self._device)
            num_at_once = max(1, _BUFFER_BYTES // max(1, rows[0].nbytes))
            for start in range(0, len(rows), num_at_once):
                self._send(rows[start : start + num_at_once], batch[start : start + num_at_once])
        batch.record_stream(current)
        current.wait_stream(self._stream)
        return batch

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
