"""The way to a GPU: a few pinned buffers, filled and sent in turn beside whatever the card is computing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_BUFFER_BYTES = 64 << 20
_NUM_BUFFERS = 4


class Staging:
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

    def upload(self, rows: Sequence[np.ndarray]) -> Tensor:
        """Rows of one shape as one tensor on the device; work queued there afterwards waits for the copies."""
        current = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):
            dtype = torch.from_numpy(np.empty(0, rows[0].dtype)).dtype
            batch = torch.empty((len(rows), *rows[0].shape), dtype=dtype, device=self._device)
            num_at_once = _BUFFER_BYTES // max(1, rows[0].nbytes)
            for start in range(0, len(rows), max(1, num_at_once)):
                self._send(rows[start : start + max(1, num_at_once)], batch[start : start + max(1, num_at_once)])
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
        np.stack(rows, out=buffer.numpy())
        target.copy_(buffer, non_blocking=True)
        self._sent[turn] = self._stream.record_event()
