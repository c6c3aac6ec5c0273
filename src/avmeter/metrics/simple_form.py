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

With `needs_frames = True` in the class, `sample["video"]` and `sample["reference"]` are decoded frames: float32 tensors
(T, 3, H, W) in [0, 1] on the metric's device. Else they are what the sample's author gave. A key that is read and not
there makes a skip (`missing_input`), unless the metric catches the KeyError or asks with `in` or `get`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric, Need
from avmeter.metrics.decoded_frames import with_decoded_frames
from avmeter.metrics.simple_state import Accumulated
from avmeter.result import MetricResult
from avmeter.sample import Sample, Video


class BaseMetric:
    """Base class for metrics in the simple form; deriving from it is optional."""

    name: str = ""
    requires_reference: bool = True
    higher_is_better: bool = True
    dependencies: list[str] = []  # noqa: RUF012 - the published contract declares it so
    needs_gpu: bool = False
    backbone: str | None = None
    is_set_metric: bool = False
    needs_frames: bool = False
    _chunk_size: int | None = None
    _device: Any = "cpu"

    @property
    def device(self) -> Any:
        """Device that `to` moved it to."""
        return self._device

    def setup(self) -> None:
        """Load what is needed; called once, after `to`."""

    def to(self, device: Any) -> BaseMetric:
        """Move to a device; return self."""
        self._device = device
        return self

    def compute(self, sample: dict[str, Any]) -> MetricResult | float | None:
        """Return the score of one sample."""
        raise NotImplementedError(f"{type(self).__name__}.compute is not implemented")

    def reset(self) -> None:
        """Discard what was accumulated."""

    def accumulate(self, sample: dict[str, Any]) -> None:
        """Add one sample of a corpus."""
        raise NotImplementedError(f"{type(self).__name__}.accumulate is not implemented")

    def merge_from(self, other: Any) -> None:
        """Add what another instance accumulated, over the next part of the corpus."""
        raise UsageError(f"{self.name}: needs `merge_from(other)` where a run is split")

    def finalize(self) -> MetricResult | float | None:
        """Return the score of the corpus."""
        raise NotImplementedError(f"{type(self).__name__}.finalize is not implemented")

    def _skip(self, sample: dict[str, Any], reason: str) -> MetricResult:
        """Return a result without a score."""
        return MetricResult.skipped(self.name, SkipError(SkipCode.MISSING_INPUT, reason))


_EXPECTED = "a metric returns a finite number, or a `MetricResult` that says why there is none"


def _direction(instance: Any) -> str:
    return "higher" if getattr(instance, "higher_is_better", True) else "lower"


def _result(name: str, value: Any) -> MetricResult:
    if isinstance(value, MetricResult):
        return value
    if isinstance(value, list) and len(value) == 1:  # of a batch of one
        return _result(name, value[0])
    if value is None:
        return MetricResult.skipped(name, SkipError(SkipCode.UNSUPPORTED, f"{name}: returned no score", hint=_EXPECTED))
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # NumPy and torch scalars
        value = value.item()
    if isinstance(value, numbers.Real):
        if not math.isfinite(value):
            raise SkipError(SkipCode.FAILED, f"{name}: returned {value}, which is not a finite number", hint=_EXPECTED)
        return MetricResult(name, float(value))
    raise UsageError(f"{name}: returned a {type(value).__name__}, not a MetricResult or a number")


def _original(sample: Sample) -> dict[str, Any]:
    """Return the sample as its author wrote it; decoded videos are passed as their frames."""
    return {
        key: value.frames if isinstance(value, Video) and value.frames is not None else value
        for key, value in sample.original.items()
    }


class AbsentKeyError(SkipError, KeyError):
    """A metric has read a key that the sample does not have."""

    __str__ = SkipError.__str__


class SampleDict(dict[str, Any]):
    """A sample as metrics in the simple form read it; a key that is not there is a skip that names it.

    Args:
        original: As its author wrote it.
        sample: The same, understood.
    """

    def __init__(self, original: Mapping[str, Any], sample: Sample) -> None:
        super().__init__(original)
        self._sample = sample

    def __missing__(self, key: str) -> Any:
        problem = self._sample.problems.get(key)
        if problem is not None:
            raise AbsentKeyError(SkipCode.UNSUPPORTED, f"{self._sample.id}: {problem.message}", hint=problem.hint)
        raise AbsentKeyError(SkipCode.MISSING_INPUT, f"{self._sample.id}: no `{key}` given", hint=f"give `{key}=`")


class SimpleAdapter:
    """Base of both adapters: the user's instance, set up when the device is known.

    Attributes:
        make: Makes another instance, for after `unload`; None if there is but this one.
    """

    make: Callable[[], Any] | None = None
    _instance: Any
    _is_set_up = False
    _device: Any = "cpu"

    @property
    def instance(self) -> Any:
        """The user's instance; another one, set up, if it was unloaded."""
        if self._instance is None:
            self.prepare(self._device)
        return self._instance

    def prepare(self, device: Any) -> None:
        """Move the instance to the device and set it up; once, until `unload`."""
        if self._is_set_up:
            return
        self._device = device
        if self._instance is None:
            assert self.make is not None
            self._instance = self.make()
        if hasattr(self._instance, "to"):
            self._instance.to(device)
        if hasattr(self._instance, "setup"):
            self._instance.setup()
        self._is_set_up = True

    def unload(self) -> None:
        """Drop the instance with its networks, where another can be made when it is needed."""
        if self.make is not None:
            self._instance, self._is_set_up = None, False

    def _sample_for(self, sample: Sample) -> dict[str, Any]:
        """Return the sample in the form that the instance asks for."""
        original = _original(sample)
        if getattr(self.instance, "needs_frames", False):
            device = getattr(self.instance, "device", self._device)
            original = with_decoded_frames(original, sample, device)
        return SampleDict(original, sample)


class _SimpleMetric(SimpleAdapter, Metric):
    """Adapter of a class with `compute(sample)`."""

    def __init__(self, name: str, instance: Any) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]
        self.direction = _direction(instance)  # type: ignore[misc, assignment]
        self._instance = instance

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return _result(self.name, self.instance.compute(self._sample_for(sample)))


class _SimpleCorpusMetric(SimpleAdapter, CorpusMetric):
    """Adapter of a class with `accumulate(sample)` and `finalize()`; a copy of the instance is the state."""

    def __init__(self, name: str, instance: Any) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]
        self.direction = _direction(instance)  # type: ignore[misc, assignment]
        self._instance = instance

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def start(self) -> Accumulated:
        state = Accumulated(self.instance)
        if hasattr(state.instance, "reset"):
            state.instance.reset()
        return state

    def update(self, state: Accumulated, sample: Sample, features: FeatureSet) -> Accumulated:
        state.instance.accumulate(self._sample_for(sample))
        state.count += 1
        return state

    def merge(self, a: Accumulated, b: Accumulated) -> Accumulated:
        if not b.count:
            return a
        b.share_with(a)
        if not a.count:  # nothing came before
            return b.copied()
        if not hasattr(a.instance, "merge_from"):
            raise UsageError(f"{self.name}: needs `merge_from(other)` where a run is split")
        a.instance.merge_from(b.instance)
        a.count += b.count
        return a

    def finish(self, state: Accumulated) -> MetricResult:
        if not state.count:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, f"{self.name}: no sample was accumulated")
        return _result(self.name, state.instance.finalize())


def adapt(name: str, instance: Any, make: Callable[[], Any] | None = None) -> Metric:
    """Return a `Metric` around an instance in the simple form.

    Args:
        name: Of the metric.
        instance: The instance.
        make: Makes another like it, so that this one can be dropped with its networks.

    Raises:
        UsageError: It has neither `compute` nor `accumulate` and `finalize`.
    """
    if isinstance(instance, Metric):
        return instance
    adapter: _SimpleMetric | _SimpleCorpusMetric
    if hasattr(instance, "accumulate") and getattr(instance, "is_set_metric", not hasattr(instance, "compute")):
        adapter = _SimpleCorpusMetric(name, instance)
    elif hasattr(instance, "compute"):
        adapter = _SimpleMetric(name, instance)
    else:
        raise UsageError(
            f"metric `{name}`: {type(instance).__name__} is no metric",
            hint="derive from Metric or CorpusMetric, or define compute(sample), or accumulate(sample) and finalize()",
        )
    adapter.make = make
    return adapter
