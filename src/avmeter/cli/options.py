"""Options of metrics on the command line: `audio.wer.model_name=small`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from avmeter.cli.messages import warn
from avmeter.errors import MissingDependencyError, UsageError
from avmeter.metrics.resolve import get_metric
from avmeter.registry import METRICS, list_metrics


def parse_options(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Metric name -> options. Values are JSON where they parse as such, else text.

    Raises:
        UsageError: A setting is not of the form `group.metric.option=value`.
    """
    options: dict[str, dict[str, Any]] = {}
    for setting in settings:
        target, equals, value = setting.partition("=")
        metric, dot, name = target.strip().rpartition(".")
        if not equals or not dot or "." not in metric:
            raise UsageError(
                f"`--set {setting}` is not of the form metric.option=value", hint="--set audio.wer.model_name=small"
            )
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        options.setdefault(metric, {})[name] = parsed
    return options


def add_reference_features(options: dict[str, dict[str, Any]], path: Path, metrics: str, protocol: str) -> None:
    """Give the file of reference features to every chosen metric that takes one.

    Args:
        options: Options so far, extended in place.
        path: The file.
        metrics: Names and groups, comma-separated.
        protocol: Of metrics whose options name none.

    Raises:
        UsageError: No chosen metric takes such a file, or a metric named on its own, or all of them, cannot use it.
    """
    stated = [m.strip() for m in metrics.split(",")]
    chosen = [n for n in list_metrics() if n in stated or "all" in stated or n.partition(".")[0] in stated]
    taking = [n for n in chosen if _takes_reference_features(n)]
    if not taking:
        takers = [n for n in list_metrics() if _takes_reference_features(n)]
        raise UsageError(
            "--reference-features: no chosen metric reads a reference set from a file",
            hint=f"these do: {', '.join(takers)}",
        )
    refusals: dict[str, UsageError] = {}
    for name in taking:
        own = {**options.get(name, {}), "reference_features": str(path)}
        try:
            get_metric(name, **{"protocol": protocol, **own})
        except UsageError as error:
            if name in stated:
                raise
            refusals[name] = error
        except MissingDependencyError:
            continue
        else:
            options[name] = own
    if len(refusals) == len(taking):
        raise next(iter(refusals.values()))
    for name, refusal in refusals.items():
        warn(f"{name} does without --reference-features: {refusal.message}")


def _takes_reference_features(metric: str) -> bool:
    try:
        return "reference_features" in inspect.signature(METRICS.get(metric)).parameters
    except MissingDependencyError:
        return False
