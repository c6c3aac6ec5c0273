"""A backbone whose weights are on this machine, for metrics whose default backbone has none here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.metrics.labels import MetricName
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import get_metric, resolve_metrics
from avmeter.weights import WeightsSource

FALLBACK_BACKBONE = "yamnet"
"""A tagger whose weights come with a package: not what papers report, but it reacts."""

Options = Mapping[str, Mapping[str, Any]]


def with_fallbacks(
    metrics: str | Sequence[str], options: Options, source: WeightsSource
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return options that give metrics a backbone whose weights are here, where their default's are not.

    Args:
        metrics: Names and groups.
        options: What the user set; an explicit backbone stays, and so does a label.
        source: Where weights come from.

    Returns:
        The options, and the names of the metrics that were changed.
    """
    merged = {name: dict(own) for name, own in options.items()}
    changed = []
    for name, metric in resolve_metrics(metrics, options=options).items():
        own = merged.get(name, {})
        if not hasattr(metric, "backbone") or "backbone" in own or MetricName.parse(name).label:
            continue
        if not requirements_of(metric).missing_checkpoints(source):
            continue
        trial = {**own, "backbone": FALLBACK_BACKBONE}
        if not requirements_of(get_metric(name, **trial)).missing_checkpoints(source):
            merged[name] = trial
            changed.append(name)
    return merged, changed
