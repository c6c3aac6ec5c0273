"""What a metric says about one sample or one corpus: a score, or a named reason why there is none."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.plain import kind_of, sentence, shown, text_of, to_jsonable

DUMMY_MARK = "dummy weights"
LARGEST_SCORE = 1e100
"""Beyond it sums and squares of scores overflow: no mean, deviation or interval would be a number."""


@dataclass(frozen=True, kw_only=True)
class Skip:
    """Why a score is absent.

    Attributes:
        code: For machines.
        reason: A sentence for people, on one line and of at most some thousand characters, whatever it is made from.
        hint: What to do about it; likewise.
        field: Sample field that is missing, where the code is `missing_input`; not written to run folders.
    """

    code: SkipCode
    reason: str
    hint: str = ""
    field: str | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", sentence(self.reason))
        object.__setattr__(self, "hint", sentence(self.hint))

    @classmethod
    def of(cls, error: SkipError) -> Skip:
        """The skip that an error amounts to."""
        return cls(code=error.code, reason=error.message, hint=error.hint)

    def prefixed(self, prefix: str) -> Skip:
        """The same skip with `prefix` in front of the reason (e.g. which side it concerns)."""
        return dataclasses.replace(self, reason=f"{prefix}: {self.reason}")


@dataclass(frozen=True)
class MetricResult:
    """Score of one metric.

    Attributes:
        name: Metric name, e.g. `audio.wer`.
        score: A finite number, at most `LARGEST_SCORE` in size, or None when the metric was skipped; then `skip` says
            why. Scalars of NumPy and torch become Python's.
        details: Everything beside the headline; JSON-like values.
        skip: Code, reason and hint of an absent score.
        dummy: True if any weight behind this score was the deterministic stand-in: the number means nothing.
    """

    name: str
    score: float | None
    details: dict[str, Any] = dataclasses.field(default_factory=dict)
    skip: Skip | None = None
    dummy: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.details, dict):
            raise TypeError(f"{self.name}: details are a dict, not a {kind_of(self.details)}")
        if self.score is not None:
            object.__setattr__(self, "score", _checked_score(self.score, self.name))
        if self.skip is not None:
            if self.score is not None:
                raise ValueError(f"{self.name}: a skipped result has no score")
            self.details.setdefault("skipped", self.skip.reason)

    @classmethod
    def require(cls, value: object, name: str) -> MetricResult:
        """Return what a metric returned, checked anew, under the name that it has in the run.

        Details are copied to plain values: a metric may fill one dict again and again, or put objects there of which no
        file can be made.

        Raises:
            UsageError: It is something else.
        """
        if not isinstance(value, cls):
            raise UsageError(f"{name}: returned a {kind_of(value)}, not a MetricResult")
        details = to_jsonable(value.details)
        if not isinstance(details, dict):
            details = {"details": details}
        return cls(
            name=name, score=value.score, details=details, skip=_known(value.skip, name), dummy=bool(value.dummy)
        )

    @classmethod
    def skipped(cls, name: str, skip: Skip | SkipError, *, details: Mapping[str, Any] | None = None) -> MetricResult:
        """A result without a score."""
        if isinstance(skip, SkipError):
            skip = Skip.of(skip)
        return cls(name=name, score=None, details=dict(details or {}), skip=skip)

    def marked_dummy(self) -> MetricResult:
        """The same result, marked as made with dummy weights."""
        return MetricResult(
            name=self.name,
            score=self.score,
            details={**self.details, "weights": DUMMY_MARK},
            skip=self.skip,
            dummy=True,
        )

    def __str__(self) -> str:
        if self.score is None:
            return f"{self.name}: skipped ({self.skip.code}: {self.skip.reason})" if self.skip else self.name
        return f"{self.name}: {self.score:.4g}{f' [{DUMMY_MARK}]' if self.dummy else ''}"


def _known(skip: object, name: str) -> Skip | None:
    """Return a skip with a code that stands in the list; a metric's own becomes part of the reason."""
    if skip is None:
        return None
    if not isinstance(skip, Skip):
        raise UsageError(f"{name}: returned a {kind_of(skip)} as its skip, not a `Skip`")
    code: object = skip.code
    if isinstance(code, SkipCode):
        return skip
    return Skip(code=SkipCode.FAILED, reason=f"{text_of(code)}: {skip.reason}", hint=skip.hint)


def _checked_score(value: Any, name: str) -> float:
    try:
        score = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"{name}: a score is a finite number or None, not {shown(value)}")
    if abs(score) > LARGEST_SCORE:
        raise ValueError(f"{name}: a score of {score:g} is beyond {LARGEST_SCORE:g}, where means overflow")
    return score
