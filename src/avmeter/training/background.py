"""Results by future: a thread scores while the training goes on.

On a GPU the thread launches networks on a stream of its own, so that they queue behind nothing of the trainer's and
nothing of the trainer's behind them. Two things of one process remain shared. Python runs one thread at a time. And
whether TF32 is allowed, and the default type of tensors, are set for the whole process: while strict float32 scores,
the trainer's products are strict as well. `Evaluator(..., executor="process")` shares neither: its networks run in a
process of their own, and the thread here only waits for it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, TypeVar

import torch

from avmeter.engine.config import LOCAL
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import EvalResults
from avmeter.runtime.background import BackgroundThread
from avmeter.sample import MediaSource, Sample, as_samples

T = TypeVar("T")

_EXIT_GRACE_S = 10.0
_POLL_S = 0.2


@dataclass(frozen=True, kw_only=True)
class _Job:
    future: Future[Any]
    run: Callable[[], Any]


class BackgroundWorker:
    """A thread that runs one function after the other, in the order in which they came.

    At the end of the program the function that runs is asked to stop, and those that wait are cancelled.

    Args:
        max_pending: Functions that may wait beside the one that runs; `submit` waits for a place.
        device: On a GPU, each runs on a stream of its own.

    Attributes:
        should_stop: Becomes true when what runs should come to its end.
    """

    def __init__(self, *, max_pending: int = 2, device: torch.device | None = None) -> None:
        if max_pending < 1:
            raise UsageError(f"max_pending={max_pending}: needs at least 1")
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._places = threading.Semaphore(max_pending + 1)
        self._stop = threading.Event()
        self.should_stop = self._stop.is_set
        self._thread = BackgroundThread(_work, self._jobs, self._places, device)
        self._is_closed = self._is_started = False
        self._finalizer = weakref.finalize(self, _end, self._jobs, self._stop, self._thread)

    def submit(self, run: Callable[[], T], *, timeout_s: float | None = None) -> Future[T]:
        """Have a function run after those that wait; what it returns or raises is in the future.

        Args:
            run: Without arguments.
            timeout_s: How long to wait for a place, at most; None is without limit.

        Raises:
            UsageError: It was shut down.
            TimeoutError: No place became free.
        """
        if self._is_closed:
            raise UsageError("this background worker was shut down", hint="create another")
        if not self._take_place(timeout_s):
            raise TimeoutError(f"no place among those that wait within {timeout_s} s")
        future: Future[T] = Future()
        self._jobs.put(_Job(future=future, run=run))
        if not self._is_started:
            self._is_started = True
            self._thread.start()
        return future

    def _take_place(self, timeout_s: float | None) -> bool:
        if timeout_s is not None:
            return self._places.acquire(timeout=timeout_s)
        while not self._places.acquire(timeout=_POLL_S):  # in steps: Ctrl-C is noticed between them
            pass
        return True

    def shutdown(self, *, wait: bool = True, cancel: bool = False, timeout_s: float = -1) -> None:
        """Take nothing more.

        Args:
            wait: Return when all is done.
            cancel: Cancel those that wait, and ask the one that runs to stop.
            timeout_s: How long to wait, at most; negative is without limit.
        """
        if not self._is_closed:
            self._is_closed = True
            if cancel:
                self._stop.set()
                _cancel(self._jobs)
            self._jobs.put(None)
        elif cancel:
            self._stop.set()
        if wait:
            self._thread.join(timeout_s)
            self._finalizer.detach()


class BackgroundEvaluator:
    """Scores in the background; a context, whose end waits for what was submitted.

    with BackgroundEvaluator(Evaluator(["audio"])) as background:
        future = background.submit([{"audio": (wave, 48_000)}])
        ...                                  # the training goes on
        future.result().scalars("val/")

    Args:
        evaluator: Scores; other threads that use it wait for their turn.
        max_pending: Sets that may wait beside the one that is scored; `submit` waits for a place.
    """

    def __init__(self, evaluator: Evaluator, *, max_pending: int = 2) -> None:
        self._evaluator = evaluator
        self._worker = BackgroundWorker(max_pending=max_pending, device=device_of_networks(evaluator))

    def submit(
        self,
        samples: Iterable[Mapping[str, Any] | Sample],
        *,
        metrics: Sequence[str] | str | None = None,
        timeout_s: float | None = None,
    ) -> Future[EvalResults]:
        """Score samples in the background, in the order of the calls.

        Tensors are copied to the host before this returns: the trainer may change them at once.

        Args:
            samples: As for `Evaluator.evaluate`.
            metrics: As for `Evaluator.evaluate`.
            timeout_s: How long to wait for a place, at most; None is without limit.

        Returns:
            A future whose `result()` are the results, or raises what `evaluate` raised.

        Raises:
            ManifestError: These are no samples.
            UsageError: It was shut down.
            TimeoutError: No place became free.
        """
        copied = copied_samples(samples, self._evaluator)
        evaluate, should_stop = self._evaluator.evaluate, self._worker.should_stop
        return self._worker.submit(
            lambda: evaluate(copied, metrics=metrics, should_stop=should_stop), timeout_s=timeout_s
        )

    def shutdown(self, *, wait: bool = True, cancel: bool = False, timeout_s: float = -1) -> None:
        """Take nothing more; the evaluator stays as it is.

        Args:
            wait: Return when all futures are done.
            cancel: Cancel those that wait; the one that is scored comes soon, with skips (`interrupted`) for the rest.
            timeout_s: How long to wait, at most; negative is without limit.
        """
        self._worker.shutdown(wait=wait, cancel=cancel, timeout_s=timeout_s)

    def __enter__(self) -> BackgroundEvaluator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(cancel=error is not None)


def device_of_networks(evaluator: Evaluator) -> torch.device | None:
    """Return the device on which this process runs networks; None if other processes do."""
    config = evaluator.config
    return config.torch_device if config.executor == LOCAL and config.num_devices == 1 else None


def copied_samples(samples: Iterable[Mapping[str, Any] | Sample], evaluator: Evaluator) -> list[Sample]:
    """Return samples whose arrays are copies on the host; files stay where they are.

    Raises:
        ManifestError: These are no samples.
    """
    return [_copied(sample) for sample in as_samples(samples, access=evaluator.config.remote_access)]


def _copied(sample: Sample) -> Sample:
    media = {name: _copied_source(source) for name, source in sample.media.items()}
    original = {key: _copied_value(value) for key, value in sample.original.items()}
    return replace(sample, media=media, original=original)


def _copied_source(source: MediaSource) -> MediaSource:
    samples = None if source.samples is None else source.samples.copy()
    frames = None if source.frames is None else source.frames.copy()
    return replace(source, samples=samples, frames=frames)


def _copied_value(value: Any) -> Any:
    """Return what metrics in the simple form read, on the host."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if type(value) in (tuple, list):
        return type(value)(_copied_value(v) for v in value)
    return value.copy() if hasattr(value, "copy") and hasattr(value, "dtype") else value


class OwnStream:
    """A stream of a GPU, made when it is first used; elsewhere nothing.

    There is one for all that a thread runs: memory that torch keeps for a stream is of no use to the next one.

    Args:
        device: On which the networks run; None if other processes run them.
    """

    def __init__(self, device: torch.device | None) -> None:
        self._device = device if device is not None and device.type == "cuda" else None
        self._stream: Any = None

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Launch on the stream within the block, and wait for it at the end."""
        if self._device is None:
            yield
            return
        if self._stream is None:
            self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self._stream):
            yield
        self._stream.synchronize()


def _work(jobs: queue.Queue[_Job | None], places: threading.Semaphore, device: torch.device | None) -> None:
    """Run jobs until there is None in place of one."""
    stream = OwnStream(device)
    while (job := jobs.get()) is not None:
        try:
            if job.future.set_running_or_notify_cancel():
                _fulfil(job, stream)
        finally:
            del job  # its samples go when it is done, not when the next one comes
            places.release()


def _fulfil(job: _Job, stream: OwnStream) -> None:
    try:
        with stream.used():
            result = job.run()
    except BaseException as error:  # noqa: BLE001 - raised where somebody waits for the future
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def _cancel(jobs: queue.Queue[_Job | None]) -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            job = jobs.get_nowait()
            if job is not None:
                job.future.cancel()


def _end(jobs: queue.Queue[_Job | None], stop: threading.Event, thread: BackgroundThread) -> None:
    """End the thread of a worker that nobody holds any more, or at the end of the program."""
    stop.set()
    _cancel(jobs)
    jobs.put(None)
    thread.join(_EXIT_GRACE_S)
