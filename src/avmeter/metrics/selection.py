"""Which metrics of a run concern its samples, and why the others do not."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avmeter.errors import MissingDependencyError, UsageError
from avmeter.metrics.base import Metric, Obstacle
from avmeter.metrics.labels import MetricName
from avmeter.metrics.reasons import names_by_reason
from avmeter.metrics.requirements import missing_fields
from avmeter.metrics.resolve import get_metric, parse_selectors
from avmeter.registry import METRICS, list_metrics
from avmeter.sample import Sample

Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Metrics for which some sample has the inputs, and the others.

    Attributes:
        chosen: Names of the metrics to run.
        left_out: Name -> fields that no sample has together.
        obstacles: Name -> what keeps every sample from a score on this machine.
    """

    chosen: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]
    obstacles: Mapping[str, Obstacle] = field(default_factory=dict)

    def reasons(self) -> dict[str, str]:
        """Name of a metric that is not chosen -> why, in words."""
        fields = {
            name: f"no sample has {' and '.join(f'`{field_name}`' for field_name in fields)}"
            for name, fields in self.left_out.items()
        }
        return fields | {name: obstacle.reason for name, obstacle in self.obstacles.items()}

    def by_reason(self) -> dict[str, list[str]]:
        """Why metrics are not chosen -> their names."""
        return names_by_reason(self.reasons())


def select_metrics(
    metrics: Mapping[str, Metric], samples: Sequence[Sample], *, explicit: Collection[str] = ()
) -> Selection:
    """Leave out the metrics that no sample has the inputs for, and those that can have no score on this machine.

    Args:
        metrics: Name -> metric.
        samples: All samples of the run.
        explicit: Names that stay whatever the samples have; each sample then says why it has no score.
    """
    asked = {name: m for name, m in metrics.items() if name not in explicit}
    obstacles = {name: found for name, m in asked.items() if (found := m.obstacle()) is not None}
    absent = {name: _missing_everywhere(m, samples) for name, m in asked.items() if name not in obstacles}
    left_out = {name: fields for name, fields in absent.items() if fields}
    chosen = tuple(name for name in metrics if name not in left_out and name not in obstacles)
    return Selection(chosen=chosen, left_out=left_out, obstacles=obstacles)


def _missing_everywhere(metric: Metric, samples: Sequence[Sample]) -> tuple[str, ...]:
    """What samples lack, or nothing when one has all that the metric reads; references are never scored themselves."""
    absent: set[str] = set()
    for sample in [s for s in samples if s.role == "generated"] or samples:
        fields = missing_fields(metric, sample)
        if not fields:
            return ()
        absent.update(fields)
    return tuple(sorted(absent))


def with_reference_features(
    options: Options, path: Path, *, metrics: str, protocol: str
) -> tuple[dict[str, dict[str, Any]], dict[str, UsageError]]:
    """Return options that give a file of reference features to every chosen metric that reads one.

    Args:
        options: Metric name -> its options so far.
        path: The file.
        metrics: Names and groups, comma-separated.
        protocol: Of metrics whose options name none.

    Returns:
        The options, and the metrics of a group that cannot use the file, each with its error.

    Raises:
        UsageError: No chosen metric reads such a file, or a metric named on its own, or all of them, cannot use it.
    """
    selectors = parse_selectors(metrics)
    chosen = [n for n in list_metrics() if {n, n.partition(".")[0], "all"} & set(selectors)]
    chosen += [n for n in selectors if MetricName.parse(n).label]
    readers = [n for n in chosen if _reads_reference_features(n)]
    if not readers:
        known = [n for n in list_metrics() if _reads_reference_features(n)]
        raise UsageError(
            "--reference-features: no chosen metric reads a reference set from a file",
            hint=f"these do: {', '.join(known)}",
        )
    merged = {name: dict(own) for name, own in options.items()}
    refusals: dict[str, UsageError] = {}
    for name in readers:
        own = {**merged.get(name, {}), "reference_features": str(path)}
        try:
            get_metric(name, **{"protocol": protocol, **own})
        except UsageError as error:
            if name in selectors:
                raise
            refusals[name] = error
        except MissingDependencyError:
            continue
        else:
            merged[name] = own
    if len(refusals) == len(readers):
        raise next(iter(refusals.values()))
    return merged, refusals


def _reads_reference_features(metric: str) -> bool:
    try:
        return "reference_features" in inspect.signature(METRICS.get(MetricName.parse(metric).metric)).parameters
    except MissingDependencyError:
        return False
