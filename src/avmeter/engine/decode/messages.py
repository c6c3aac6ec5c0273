"""What passes between decoding threads, batches and the features they become."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.engine.plan import Request
from avmeter.engine.store import FeatureKey
from avmeter.errors import AvmeterError, SkipCode, SkipError, WeightsError
from avmeter.features.base import Extractor, Features, Window
from avmeter.result import Skip

logger = logging.getLogger("avmeter")

Outcome = Features | Skip


@dataclass
class Job:
    """One feature of one source, and what has been seen of it."""

    request: Request
    key: FeatureKey
    extractor: Extractor
    outputs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    places: dict[int, Window] = field(default_factory=dict)
    total: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = True
    done: bool = False


@dataclass(frozen=True)
class Produced:
    """Message from a decoding thread: a window, the end of a job's windows, or its outcome."""

    job: int
    window: Window | None = None
    index: int = 0
    facts: Mapping[str, Any] | None = None
    outcome: Outcome | None = None


class Outcomes(dict[Request, Outcome]):
    """Outcomes so far; tells `progress` which share of the wanted ones is known."""

    def __init__(
        self, known: Mapping[Request, Outcome], *, num_wanted: int, progress: Callable[[float], None] | None
    ) -> None:
        super().__init__(known)
        self._num_wanted = num_wanted
        self._progress = progress

    def settle(self, requests: Sequence[Request], outcome: Outcome) -> None:
        """Note the outcome of these requests."""
        self.update(dict.fromkeys(requests, outcome))
        if self._progress is not None:
            self._progress(len(self) / self._num_wanted)


def as_skip(error: Exception, where: object) -> Skip:
    """The skip that a failure of one clip amounts to."""
    if isinstance(error, SkipError):
        return Skip.of(error)
    logger.debug("unexpected failure", exc_info=error)
    name = getattr(where, "name", where)
    text = error.message if isinstance(error, AvmeterError) else f"{type(error).__name__}: {error}"
    return Skip(code=SkipCode.FAILED, reason=f"{name}: {text}", hint="please report this with the file, if you can")


def unavailable(error: AvmeterError) -> Skip:
    """The skip of everything that needs a network which cannot be loaded."""
    code = SkipCode.WEIGHTS_UNAVAILABLE if isinstance(error, WeightsError) else SkipCode.DEPENDENCY_MISSING
    return Skip(code=code, reason=error.message, hint=error.hint)
