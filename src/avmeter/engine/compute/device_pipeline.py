"""Batches on their way through a device.

    batch -> upload (a thread of its own) -> launch, in order -> outputs on their way back -> outputs

On a GPU several batches are under way at once, so that it never waits for this process. On the CPU, and where an
extractor runs something other than a network on tensors, batches run side by side in threads (`Lanes`), or where the
extractor does not allow that, when they come.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor

from avmeter.engine.compute.batching import Batch
from avmeter.engine.compute.lanes import Lanes
from avmeter.engine.failures import never
from avmeter.features.base import WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime

Outputs = Sequence[Mapping[str, Any] | Skip]

Upload = Callable[[Batch], dict[str, Tensor]]

_UPLOADING = 2  # batches that may wait for their upload
_RUNNING = 4  # batches launched and not read yet


@dataclass(frozen=True)
class InFlight:
    """Outputs of a batch that are on their way from a GPU."""

    outputs: Mapping[str, Tensor]
    arrived: torch.cuda.Event

    @property
    def has_arrived(self) -> bool:
        """The outputs are on the host."""
        return bool(self.arrived.query())  # type: ignore[no-untyped-call]

    def wait(self) -> Mapping[str, Tensor]:
        """Return the outputs, once they are on the host."""
        self.arrived.synchronize()
        return self.outputs


class DevicePipeline:
    """Takes batches, and returns finished ones: those of a GPU in the order they came.

    Args:
        runtime: Device and precision.
        run_batch: Runs a batch here and now, and copes with every failure.
        should_stop: As of `Lanes`.
    """

    def __init__(
        self, runtime: Runtime, run_batch: Callable[[Batch], Outputs], should_stop: Callable[[], bool] = never
    ) -> None:
        self._runtime = runtime
        self._run_batch = run_batch
        self._should_stop = should_stop
        self._uploading: deque[Batch] = deque()
        self._running: deque[tuple[Batch, InFlight | None]] = deque()
        self._uploads: UploadThread | None = None
        self._lanes: Lanes | None = None

    def push(self, batch: Batch) -> Iterator[tuple[Batch, Outputs]]:
        """Start a batch; yield what has been finished meanwhile."""
        if self._runtime.device.type != "cuda" or type(batch.extractor).run is not WindowExtractor.run:
            yield from self._run_on_cpu(batch)
            return
        if self._uploads is None:
            stream = torch.cuda.current_stream(self._runtime.device)
            self._uploads = UploadThread(functools.partial(_upload, self._runtime, stream))
        self._uploading.append(batch)
        self._uploads.submit(batch)
        yield from self._advance(self._uploads, uploading=_UPLOADING, running=_RUNNING)

    def collect(self) -> Iterator[tuple[Batch, Outputs]]:
        """Yield what has been finished, without waiting for more."""
        if self._uploads is not None:
            yield from self._advance(self._uploads, uploading=_UPLOADING, running=_RUNNING)
            while self._running and ((launched := self._running[0][1]) is None or launched.has_arrived):
                batch, launched = self._running.popleft()
                yield batch, self._collect(batch, launched)
        if self._lanes is not None:
            yield from self._lanes.collect()

    def drain(self) -> Iterator[tuple[Batch, Outputs]]:
        """Wait for everything, and yield it; what a stop leaves under way is dropped."""
        if self._uploads is not None:
            yield from self._advance(self._uploads, uploading=0, running=0)
            self._uploads = None
        if self._lanes is not None:
            yield from self._lanes.drain()
            self._lanes = None

    def _run_on_cpu(self, batch: Batch) -> Iterator[tuple[Batch, Outputs]]:
        if not batch.extractor.is_concurrent:
            yield batch, self._run_batch(batch)
            return
        if self._lanes is None:
            self._lanes = Lanes(self._runtime, self._run_batch, self._should_stop)
        yield from self._lanes.push(batch)

    def _advance(self, uploads: UploadThread, *, uploading: int, running: int) -> Iterator[tuple[Batch, Outputs]]:
        while self._uploading and (len(self._uploading) > uploading or uploads.has_result()):
            self._running.append(self._launch(self._uploading.popleft(), uploads))
        while len(self._running) > running:
            batch, launched = self._running.popleft()
            yield batch, self._collect(batch, launched)

    def _launch(self, batch: Batch, uploads: UploadThread) -> tuple[Batch, InFlight | None]:
        """Start a batch; with None if it failed: `run_batch` meets the failure again, and deals with it by window.

        The memory that the arrays came in is let go of: processes that decode wait for it.
        """
        try:
            with torch.inference_mode():
                uploaded = uploads.result()
                outputs = self._launched(batch.extractor, uploaded)
                # Queued now: asked for later, the copy would wait for every batch launched in between.
                on_host = {k: v.float().to("cpu", non_blocking=True) for k, v in outputs.items()}
                arrived = torch.cuda.current_stream(self._runtime.device).record_event()
                return batch.on_device(uploaded), InFlight(on_host, arrived)
        except Exception:  # noqa: BLE001 - see above
            return batch, None

    def _launched(self, extractor: WindowExtractor, uploaded: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        graphs = self._runtime.graphs
        if graphs is None or not extractor.is_recordable:
            return extractor.launch(uploaded, self._runtime)
        launch = functools.partial(extractor.launch, runtime=self._runtime)
        return graphs.run(extractor.identity(), launch, uploaded)

    def _collect(self, batch: Batch, launched: InFlight | None) -> Outputs:
        if launched is not None:
            with contextlib.suppress(Exception):  # as in `_launch`: a GPU tells of some failures only here
                outputs = batch.extractor.collect(launched.wait())
                if len(outputs) == len(batch.ids):
                    return outputs
        return self._run_batch(batch)


class UploadThread:
    """A thread that uploads one batch after the other; it ends when this object is dropped.

    The thread that waits for it may be interrupted at any step, so they share C queues, not futures: see `ByteQueue`.

    Args:
        upload: Uploads a batch.
    """

    def __init__(self, upload: Upload) -> None:
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._results: SimpleQueue[dict[str, Tensor] | BaseException] = SimpleQueue()
        threading.Thread(
            target=_upload_all, args=(upload, self._batches, self._results), name="avmeter-upload", daemon=True
        ).start()
        weakref.finalize(self, self._batches.put, None)

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        self._batches.put(batch)

    def has_result(self) -> bool:
        """Return True if the next batch is uploaded."""
        return not self._results.empty()

    def result(self) -> dict[str, Tensor]:
        """Return the next batch on the device, in the order of submission.

        Raises:
            BaseException: What the upload failed with.
        """
        result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result


def _upload_all(
    upload: Upload,
    batches: SimpleQueue[Batch | None],
    results: SimpleQueue[dict[str, Tensor] | BaseException],
) -> None:
    while (batch := batches.get()) is not None:
        try:
            results.put(upload(batch))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            results.put(error)
        del batch  # while this thread waits for the next one, it holds on to no memory of this one


def _upload(runtime: Runtime, stream: torch.cuda.Stream, batch: Batch) -> dict[str, Tensor]:
    # A thread has a current stream of its own; copies must be awaited by the one that networks are launched on.
    with torch.inference_mode(), torch.cuda.stream(stream):
        return batch.extractor.upload(batch.windows, runtime)
