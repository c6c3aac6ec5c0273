"""What a damage changes, and what a metric reads: where they have nothing in common, nothing needs computing.

A variant differs from its original in one input alone: the file of the sound, the file of the picture, or a text. The
reference is the original itself, always.
"""

from __future__ import annotations

from collections.abc import Collection

from avmeter.metrics.base import Metric
from avmeter.sample import MEDIA_FIELDS
from avmeter.stress.variants import Variant


def reads_what_changes(metric: Metric, variant: Variant) -> bool:
    """Return False if every input that the metric reads is, under this damage, that of the original.

    A metric without needs reads the whole sample, as those in the simple form do. One that reads a text may read
    others beside it (a transcript or a prompt, whichever is given), so that every damage to texts concerns it.
    """
    if variant.kind == "original":
        return True
    if variant.kind == "text":
        return not metric.needs or not _fields_of(metric) <= set(MEDIA_FIELDS)
    return reads_any_of(metric, {variant.kind})


def reads_any_of(metric: Metric, fields: Collection[str]) -> bool:
    """Return True if the metric reads one of these media fields; one without needs reads the whole sample."""
    return not metric.needs or not _fields_of(metric).isdisjoint(fields)


def _fields_of(metric: Metric) -> set[str]:
    needed = {f for n in metric.needs for f in (*n.fields, *n.optional_fields, *n.options_from.values())}
    return {*needed, *metric.requires}
