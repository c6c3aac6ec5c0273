"""Which metrics can be stressed on this machine, and what they lack where they cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.features.base import DerivedExtractor, Extractor, get_extractor
from avmeter.metrics.base import Metric
from avmeter.metrics.resolve import resolve_metrics
from avmeter.weights import WeightsSource

FALLBACK_BACKBONE = "yamnet"
"""A tagger whose weights come with a package: not what papers report, but it reacts."""

Options = Mapping[str, Mapping[str, Any]]


def with_fallbacks(
    metrics: str | Sequence[str], options: Options, source: WeightsSource
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Options that give metrics a backbone whose weights are here, where their default's are not.

    Args:
        metrics: Names and groups.
        options: What the user set; a backbone that was stated is kept.
        source: Where weights come from.

    Returns:
        The options, and the names of the metrics that were changed.
    """
    merged = {name: dict(given) for name, given in options.items()}
    changed = []
    for name, metric in resolve_metrics(metrics, options=options).items():
        if not hasattr(metric, "backbone") or "backbone" in merged.get(name, {}) or not lacking(metric, source):
            continue
        trial = {**merged.get(name, {}), "backbone": FALLBACK_BACKBONE}
        if not lacking(resolve_metrics([name], options={name: trial})[name], source):
            merged[name] = trial
            changed.append(name)
    return merged, changed


def lacking(metric: Metric, source: WeightsSource) -> list[str]:
    """Checkpoints without which the metric has no score, and which are not on this machine."""
    entries: list[str] = []
    for need in metric.needs:
        if not need.optional:
            entries.extend(_entries(get_extractor(need.extractor, **need.options)))
    return [e for e in dict.fromkeys(entries) if not (source.is_dummy or source.available(e))]


def _entries(extractor: Extractor) -> list[str]:
    entries = list(extractor.weights())
    if isinstance(extractor, DerivedExtractor):
        for parent in extractor.parents().values():
            entries.extend(_entries(parent))
    return entries
