"""Which metrics of a run concern its samples, and why the others do not."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import MissingDependencyError, UsageError
from avmeter.metrics.base import Metric
from avmeter.metrics.labels import MetricName
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
    """

    chosen: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]

    def by_fields(self) -> dict[tuple[str, ...], list[str]]:
        """Missing fields -> metrics that were left out for them."""
        found: dict[tuple[str, ...], list[str]] = {}
        for name, fields in self.left_out.items():
            found.setdefault(fields, []).append(name)
        return found


def select_metrics(
    metrics: Mapping[str, Metric], samples: Sequence[Sample], *, explicit: Collection[str] = ()
) -> Selection:
    """Leave out the metrics that no sample has the inputs for.

    Args:
        metrics: Name -> metric.
        samples: All samples of the run.
        explicit: Names that stay whatever the samples have; each sample then says why it has no score.
    """
    absent = {name: () if name in explicit else _missing_everywhere(m, samples) for name, m in metrics.items()}
    return Selection(
        chosen=tuple(name for name, fields in absent.items() if not fields),
        left_out={name: fields for name, fields in absent.items() if fields},
    )


def _missing_everywhere(metric: Metric, samples: Sequence[Sample]) -> tuple[str, ...]:
    """What samples lack, or nothing when one sample has all that the metric reads."""
    absent: set[str] = set()
    for sample in samples:
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
