"""Batches on their way through a device.

    batch -> upload (a thread of its own) -> launch, in order -> outputs on their way back -> outputs

On a GPU several batches are under way at once, so that it never waits for this process. On the CPU, and where an
extractor runs something other than a network on tensors, a batch is run when it comes.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from avmeter.engine.compute.batching import Batch
from avmeter.features.base import WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime

Outputs = Sequence[Mapping[str, Any] | Skip]

_UPLOADING = 2  # batches that may wait for their upload
_RUNNING = 4  # batches launched and not read yet


@dataclass(frozen=True)
class InFlight:
    """Outputs of a batch that are on their way from a GPU."""

    outputs: Mapping[str, Tensor]
    arrived: torch.cuda.Event

    def wait(self) -> Mapping[str, Tensor]:
        """The outputs, once they are on the host."""
        self.arrived.synchronize()
        return self.outputs


class DevicePipeline:
    """Takes batches in, gives finished ones back; those that overlap in the order they came.

    Args:
        runtime: Device and precision.
        run_batch: Runs a batch here and now, and copes with every failure.
    """

    def __init__(self, runtime: Runtime, run_batch: Callable[[Batch], Outputs]) -> None:
        self._runtime = runtime
        self._run_batch = run_batch
        self._uploading: deque[tuple[Batch, Future[dict[str, Tensor]]]] = deque()
        self._running: deque[tuple[Batch, InFlight | None]] = deque()
        self._thread: ThreadPoolExecutor | None = None
        on_gpu = runtime.device.type == "cuda"
        self._stream = torch.cuda.current_stream(runtime.device) if on_gpu else None

    def push(self, batch: Batch) -> Iterator[tuple[Batch, Outputs]]:
        """Start a batch; what has been finished meanwhile comes back."""
        if self._runtime.device.type != "cuda" or type(batch.extractor).run is not WindowExtractor.run:
            yield batch, self._run_batch(batch)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="avmeter-upload")
        self._uploading.append((batch, self._thread.submit(self._upload, batch)))
        yield from self._advance(uploading=_UPLOADING, running=_RUNNING)

    def drain(self) -> Iterator[tuple[Batch, Outputs]]:
        """Wait for everything."""
        yield from self._advance(uploading=0, running=0)
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def _advance(self, *, uploading: int, running: int) -> Iterator[tuple[Batch, Outputs]]:
        while self._uploading and (len(self._uploading) > uploading or self._uploading[0][1].done()):
            batch, uploaded = self._uploading.popleft()
            self._running.append((batch, self._launch(batch, uploaded)))
        while len(self._running) > running:
            batch, launched = self._running.popleft()
            yield batch, self._collect(batch, launched)

    def _upload(self, batch: Batch) -> dict[str, Tensor]:
        # A thread has a current stream of its own; copies must be awaited by the one that networks are launched on.
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            return batch.extractor.upload(batch.windows, self._runtime)

    def _launch(self, batch: Batch, uploaded: Future[dict[str, Tensor]]) -> InFlight | None:
        """None if the batch failed: `run_batch` meets the failure again, and deals with it window by window."""
        try:
            with torch.inference_mode():
                outputs = batch.extractor.launch(uploaded.result(), self._runtime)
                # Queued now: asked for later, the copy would wait for every batch launched in between.
                on_host = {k: v.float().to("cpu", non_blocking=True) for k, v in outputs.items()}
                return InFlight(on_host, torch.cuda.current_stream(self._runtime.device).record_event())
        except Exception:  # noqa: BLE001 - see above
            return None

    def _collect(self, batch: Batch, launched: InFlight | None) -> Outputs:
        if launched is not None:
            with contextlib.suppress(Exception):  # as in `_launch`: a GPU tells of some failures only here
                return batch.extractor.collect(launched.wait())
        return self._run_batch(batch)
