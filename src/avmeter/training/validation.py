"""Validation in any training loop: score, merge over ranks, log; whatever happens, the training goes on."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from avmeter.engine.executors.part import PartialRun
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import EvalResults
from avmeter.sample import Sample, as_samples
from avmeter.training.background import BackgroundWorker, copied_samples, device_of_networks
from avmeter.training.rank_exchange import RankExchange, RankPart
from avmeter.training.trackers import Tracker
from avmeter.training.tracking import log_results

Samples = Iterable[Mapping[str, Any] | Sample]


class ValidationWarning(UserWarning):
    """A validation has no results, or not all of them were logged; the training goes on."""


class Validation:
    """Scores what a model generates now and then; to be called in every step, on every rank.

    Every rank scores its own clips, and what metrics of a corpus have collected is merged, so that all ranks have the
    results of one run; rank 0 logs them. What fails on one rank, in generating, scoring, merging or logging, is a
    `ValidationWarning` on all of them. A step is logged once.

    Args:
        evaluator: Of this rank, on its own device; with the same metrics on every rank.
        trackers: Where rank 0 logs.
        every: Steps from one validation to the next; the others return at once.
        prefix: In front of every name: "val/".
        num_worst: Clips to show of each metric that has a better end, where a tracker takes clips.
        in_background: Score in a thread, and return a future's results later: `last_results`, and the trackers.
        unload: Drop the networks after each validation, to free the device.
        strict: Raise in place of warning; on every rank alike.
        timeout_s: How long a rank waits for the slowest, seconds.

    Attributes:
        last_results: Of the last validation that succeeded.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        trackers: Sequence[Tracker] = (),
        every: int = 1,
        prefix: str = "val/",
        num_worst: int = 0,
        in_background: bool = False,
        unload: bool = False,
        strict: bool = False,
        timeout_s: float = 1800.0,
    ) -> None:
        if not isinstance(every, int) or every < 1:
            raise UsageError(f"every={every!r}: needs a whole number of steps, at least 1")
        self.evaluator = evaluator
        self.last_results: EvalResults | None = None
        self._trackers = list(trackers)
        self._every = every
        self._prefix = prefix
        self._num_worst = num_worst
        self._unload = unload
        self._strict = strict
        self._timeout_s = timeout_s
        self._steps: set[int] = set()
        self._exchange: RankExchange | None = None
        device = device_of_networks(evaluator)
        self._worker = BackgroundWorker(max_pending=1, device=device) if in_background else None

    def add_trackers(self, trackers: Sequence[Tracker]) -> None:
        """Log to these as well, such as a trainer's own."""
        self._trackers.extend(trackers)

    def is_due(self, step: int) -> bool:
        """Return True if this step is one to validate at, and has not been."""
        return step % self._every == 0 and step not in self._steps

    def __call__(
        self, samples: Samples | Callable[[], Samples], *, step: int
    ) -> EvalResults | Future[EvalResults | None] | None:
        """Score samples at a step that is due.

        Args:
            samples: Those of this rank, or a function that makes them, which is called only if the step is due.
            step: Of the training; the same on every rank.

        Returns:
            The results over all ranks; in the background a future of them; None if the step is not due or failed.
        """
        if not self.is_due(step):
            return None
        self._steps.add(step)
        if self._exchange is None:  # here, where every rank comes by
            self._exchange = RankExchange(timeout_s=self._timeout_s)
        score = functools.partial(self._score, step=step, exchange=self._exchange)
        made = self._make(samples)
        if self._worker is None:
            return score(made)
        return self._worker.submit(lambda: score(made))

    def _make(self, samples: Samples | Callable[[], Samples]) -> list[Sample] | Exception:
        """Return the samples of this rank, or what making them failed with."""
        try:
            made = samples() if callable(samples) else samples
            if self._worker is not None:
                return copied_samples(made, self.evaluator)
            return as_samples(made, access=self.evaluator.config.remote_access)
        except Exception as error:  # noqa: BLE001 - sent to all ranks, and a warning there
            return error

    def _score(self, made: list[Sample] | Exception, *, step: int, exchange: RankExchange) -> EvalResults | None:
        own, error = self._own_part(made)
        failure = "" if error is None else f"{type(error).__name__}: {error}"
        try:
            parts = exchange.gather(RankPart(step=step, part=own, failure=failure))
            results = self.evaluator.merge(parts)
        except Exception as problem:
            if self._strict:
                raise problem from error
            _warn(f"step {step}: not scored: {problem}")
            return None
        self.last_results = results
        if exchange.rank == 0:
            self._log(results, made if isinstance(made, list) else [], step)
        return results

    def _own_part(self, made: list[Sample] | Exception) -> tuple[PartialRun | None, Exception | None]:
        """Return the part of this rank, or what scoring it failed with."""
        if isinstance(made, Exception):
            return None, made
        should_stop = None if self._worker is None else self._worker.should_stop
        try:
            part = self.evaluator.evaluate_part(made, should_stop=should_stop)
            if self._unload:
                self.evaluator.unload()
        except Exception as error:  # noqa: BLE001 - sent to all ranks, and a warning there
            return None, error
        return part, None

    def _log(self, results: EvalResults, own: Sequence[Sample], step: int) -> None:
        """Log the results; media in memory are those of this rank, which come before all others."""

        def sample_of(position: int) -> Sample:
            return own[position] if position < len(own) else results.samples[position]

        problems = log_results(
            results,
            self._trackers,
            step=step,
            prefix=self._prefix,
            num_worst=self._num_worst,
            sample_of=sample_of,
        )
        if problems:
            _warn(f"step {step}: not logged: {'; '.join(problems)}")

    def close(self, *, cancel: bool = False) -> None:
        """Wait for what is scored in the background; the evaluator stays as it is.

        Args:
            cancel: Do not wait for what has not begun; what has comes soon.
        """
        if self._worker is not None:
            self._worker.shutdown(cancel=cancel)


def _warn(message: str) -> None:
    warnings.warn(message, ValidationWarning, stacklevel=3)
