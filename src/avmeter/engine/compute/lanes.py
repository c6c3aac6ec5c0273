"""Threads that run batches side by side on the CPU, each batch in one of them."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import torch

from avmeter.engine.compute.batching import Batch
from avmeter.engine.failures import never
from avmeter.runtime import Runtime
from avmeter.runtime.background import BackgroundThread

_WAITING = 2  # batches for each lane that are begun or wait: while one runs, the next is made
_POLL_S = 0.1
_EXIT_WAIT_S = 10.0
_started: dict[BackgroundThread, SimpleQueue[Batch | None]] = {}  # what may still run when the interpreter ends


class Lanes:
    """Runs batches in threads of its own, which end when this object is dropped.

    The thread that waits may be interrupted at any step, so they share C queues, not futures: see `ByteQueue`.

    Args:
        runtime: Says how many lanes there are and how many threads a network has in each, and how exactly it computes.
        run_batch: Runs a batch in the calling thread, and copes with every failure.
        should_stop: Called while a batch is waited for, which may take minutes; once it returns True, none is.
    """

    def __init__(
        self, runtime: Runtime, run_batch: Callable[[Batch], Any], should_stop: Callable[[], bool] = never
    ) -> None:
        self._should_stop = should_stop
        self._num_lanes = runtime.cores.num_lanes
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Batch, Any] | BaseException] = SimpleQueue()
        self._num_pending = 0
        _forget_ended()
        for _ in range(self._num_lanes):
            thread = BackgroundThread(_work, runtime, run_batch, self._batches, self._results)
            thread.start()
            _started[thread] = self._batches
        weakref.finalize(self, _end, self._batches, self._num_lanes).atexit = False

    def push(self, batch: Batch) -> Iterator[tuple[Batch, Any]]:
        """Queue a batch; yield those that are finished, and wait while too many are not."""
        self._batches.put(batch)
        self._num_pending += 1
        yield from self._finished(_WAITING * self._num_lanes)

    def collect(self) -> Iterator[tuple[Batch, Any]]:
        """Yield those that are finished."""
        yield from self._finished(self._num_pending)

    def drain(self) -> Iterator[tuple[Batch, Any]]:
        """Wait for everything, and yield it; what a stop leaves is run, or not, and its outputs are nobody's."""
        yield from self._finished(0)
        torch.set_num_threads(torch.get_num_threads())  # what lanes set became the default of threads that start later

    def _finished(self, max_pending: int) -> Iterator[tuple[Batch, Any]]:
        while self._num_pending:
            is_awaited = self._num_pending > max_pending
            try:
                result = self._results.get(block=is_awaited, timeout=_POLL_S)
            except Empty:
                if is_awaited and not self._should_stop():
                    continue
                return
            self._num_pending -= 1
            if isinstance(result, BaseException):
                raise result
            yield result


def _work(
    runtime: Runtime,
    run_batch: Callable[[Batch], Any],
    batches: SimpleQueue[Batch | None],
    results: SimpleQueue[tuple[Batch, Any] | BaseException],
) -> None:
    while (batch := batches.get()) is not None:
        try:
            torch.set_num_threads(runtime.cores.threads)  # not before: `drain` undoes what lanes with batches have done
            with runtime.precision.autocast(runtime.device):  # a setting of each thread
                results.put((batch, run_batch(batch)))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            results.put(error)


def _end(batches: SimpleQueue[Batch | None], num_lanes: int) -> None:
    try:
        while True:
            batches.get_nowait()  # what nobody waits for any more
    except Empty:
        for _ in range(num_lanes):
            batches.put(None)


def _forget_ended() -> None:
    for thread in list(_started):
        if not thread.is_alive():
            _started.pop(thread, None)


def _end_all() -> None:
    """Let every lane end its batch: one that is inside torch when Python goes away aborts the process."""
    _forget_ended()
    started = _started.copy()
    for batches in started.values():
        _end(batches, len(started))
    deadline = time.monotonic() + _EXIT_WAIT_S
    for thread in started:
        thread.join(max(0.0, deadline - time.monotonic()))


atexit.register(_end_all)
os.register_at_fork(after_in_child=_started.clear)
