"""Metrics by name, as FastVideo's registry has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import avmeter.registry
from avmeter.errors import UnknownNameError
from avmeter.fastvideo.names import fastvideo_names
from avmeter.fastvideo.standalone import StandaloneMetric
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.registry import METRICS, missing_packages, require_packages

T = TypeVar("T", bound=type)


def register(name: str) -> Callable[[T], T]:
    """Decorate a class to make it the metric `name`, whoever had the name before.

    The samples that it is called with hold decoded frames, unless it says `needs_frames = False`.
    """

    def wrapper(cls: T) -> T:
        if not hasattr(cls, "needs_frames") and not issubclass(cls, Metric):
            cls.needs_frames = True  # type: ignore[attr-defined]
        return avmeter.registry.register(name, override=True)(cls)

    return wrapper


def get_metric(name: str, **options: Any) -> Any:
    """Return a metric that can be called by hand: `to`, `setup`, `compute`, `accumulate`, `finalize`.

    Raises:
        MissingDependencyError: A package is missing, or avmeter does not have this metric of FastVideo's.
        UnknownNameError: No such metric, or no such option.
    """
    if name not in METRICS.names() and name in fastvideo_names():
        known = fastvideo_names()[name]
        if known.here not in METRICS.names():
            raise known.error()
        name = known.here
    cls = METRICS.get(name)
    if issubclass(cls, Metric):
        return StandaloneMetric(name, options)
    require_packages(f"metric `{name}`", getattr(cls, "dependencies", ()), getattr(cls, "extra", "all"))
    return cls(**options)


def list_metrics() -> list[str]:
    """Return the names of all metrics that there are here, sorted."""
    return avmeter.registry.list_metrics()


def resolve_group(name: str) -> list[str] | None:
    """Return the metrics of a group, or None if there is no such group here."""
    return avmeter.registry.list_metrics(name) or None if name != "all" else None


def missing_dependencies(metric_name: str) -> list[str]:
    """Return the packages that a metric lacks on this machine; none for a name that is unknown."""
    try:
        cls = METRICS.get(metric_name)
    except UnknownNameError:
        return []
    own: list[str] = missing_packages(getattr(cls, "dependencies", ()))
    if own or not issubclass(cls, Metric):
        return own
    return list(requirements_of(cls()).missing_packages())
