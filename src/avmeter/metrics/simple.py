"""The simple form of a metric: user classes with `compute`, or with `accumulate` and `finalize`.

@register("user.brightness")
class Brightness:
    def compute(self, sample: dict) -> MetricResult | float: ...

@register("user.spread")
class Spread:
    def reset(self): ...                       # optional
    def accumulate(self, sample: dict): ...
    def merge_from(self, other): ...           # needed where a run is split
    def finalize(self) -> MetricResult | float: ...
"""

from __future__ import annotations

import copy
import numbers
from typing import Any

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric, Need
from avmeter.result import MetricResult
from avmeter.sample import Sample


class BaseMetric:
    """Base class for metrics in the simple form; deriving from it is optional."""

    name: str = ""
    requires_reference: bool = False
    higher_is_better: bool = True
    dependencies: list[str] = []  # noqa: RUF012 - the published contract declares it so
    needs_gpu: bool = False
    is_set_metric: bool = False

    def setup(self) -> None:
        """Load what is needed; called once."""

    def to(self, device: Any) -> BaseMetric:
        """Move to a device; returns self."""
        return self

    def _skip(self, sample: dict[str, Any], reason: str) -> MetricResult:
        """A result without a score."""
        return MetricResult.skipped(self.name, SkipError(SkipCode.MISSING_INPUT, reason))


def _direction(instance: Any) -> str:
    return "higher" if getattr(instance, "higher_is_better", True) else "lower"


def _result(name: str, value: Any) -> MetricResult:
    if isinstance(value, MetricResult):
        return value
    if value is None or isinstance(value, numbers.Real):
        return MetricResult(name, None if value is None else float(value))
    raise UsageError(f"{name}: returned a {type(value).__name__}, not a MetricResult or a number")


class _SimpleMetric(Metric):
    """Adapter of a class with `compute(sample)`."""

    def __init__(self, name: str, instance: Any) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]
        self.direction = _direction(instance)  # type: ignore[misc, assignment]
        self.instance = instance

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return _result(self.name, self.instance.compute(dict(sample.original)))


class _SimpleCorpusMetric(CorpusMetric):
    """Adapter of a class with `accumulate(sample)` and `finalize()`; the instance is the state."""

    def __init__(self, name: str, instance: Any) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]
        self.direction = _direction(instance)  # type: ignore[misc, assignment]
        self.instance = instance

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def start(self) -> Any:
        state = copy.deepcopy(self.instance)
        if hasattr(state, "reset"):
            state.reset()
        return state

    def update(self, state: Any, sample: Sample, features: FeatureSet) -> Any:
        state.accumulate(dict(sample.original))
        return state

    def merge(self, a: Any, b: Any) -> Any:
        if not hasattr(a, "merge_from"):
            raise UsageError(f"{self.name}: needs `merge_from(other)` where a run is split")
        a.merge_from(b)
        return a

    def finish(self, state: Any) -> MetricResult:
        return _result(self.name, state.finalize())


def adapt(name: str, instance: Any) -> Metric:
    """A `Metric` around an instance in the simple form.

    Raises:
        UsageError: It has neither `compute` nor `accumulate` and `finalize`.
    """
    if isinstance(instance, Metric):
        return instance
    if hasattr(instance, "setup"):
        instance.setup()
    if hasattr(instance, "accumulate") and getattr(instance, "is_set_metric", not hasattr(instance, "compute")):
        return _SimpleCorpusMetric(name, instance)
    if hasattr(instance, "compute"):
        return _SimpleMetric(name, instance)
    raise UsageError(
        f"metric `{name}`: {type(instance).__name__} is no metric",
        hint="derive from Metric or CorpusMetric, or define compute(sample), or accumulate(sample) and finalize()",
    )
