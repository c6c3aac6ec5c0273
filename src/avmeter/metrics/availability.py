"""Whether a metric can run on this machine, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avmeter.errors import AvmeterError
from avmeter.metrics.base import Metric, Obstacle
from avmeter.metrics.requirements import Requirements, requirements_of
from avmeter.metrics.resolve import get_metric
from avmeter.runtime.environment import missing_variables
from avmeter.weights import WeightsSource


@dataclass(frozen=True, kw_only=True)
class Availability:
    """What is known of one metric on this machine.

    Attributes:
        name: Its name.
        metric: With its default options; None if it cannot be built.
        requirements: What it needs; None if it cannot be built.
        error: Why it cannot be built: an unknown name, a package that is not installed, a broken plug-in.
        missing_checkpoints: Without these there is no score.
        missing_optional_checkpoints: Without these it measures less.
        obstacle: What else keeps every sample from a score here.
        missing_variables: Environment variables without which it has nobody to ask.
    """

    name: str
    metric: Metric | None = None
    requirements: Requirements | None = None
    error: AvmeterError | None = None
    missing_checkpoints: tuple[str, ...] = ()
    missing_optional_checkpoints: tuple[str, ...] = ()
    obstacle: Obstacle | None = None
    missing_variables: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """True if it can have a score here."""
        return not (self.error or self.obstacle or self.missing_checkpoints or self.missing_variables)


def check_availability(name: str, source: WeightsSource, options: Mapping[str, Any] | None = None) -> Availability:
    """Find out whether a metric can run, without loading a network or touching the internet.

    Args:
        name: Of the metric.
        source: Where its weights would come from.
        options: Of the metric, in place of its defaults.
    """
    try:
        metric = get_metric(name, **(options or {}))
        needed = requirements_of(metric)
    except AvmeterError as error:
        return Availability(name=name, error=error)
    return Availability(
        name=name,
        metric=metric,
        requirements=needed,
        missing_checkpoints=needed.missing_checkpoints(source),
        missing_optional_checkpoints=needed.missing_optional_checkpoints(source),
        obstacle=metric.obstacle(),
        missing_variables=missing_variables(metric.variables),
    )
