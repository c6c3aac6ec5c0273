"""Which metrics can be computed in another process."""

from __future__ import annotations

from collections.abc import Iterable

from avmeter.engine.ipc.importable import is_importable
from avmeter.metrics.base import Metric
from avmeter.metrics.simple_form import SimpleAdapter
from avmeter.registry import EXTRACTORS


def is_portable(metric: Metric) -> bool:
    """Return True if another process can import the metric and its extractors by name.

    Metrics in the simple form stay here: they are set up on this process's device, and need not be able to merge.
    """
    if isinstance(metric, SimpleAdapter):
        return False
    return is_importable(type(metric)) and all(map(is_importable, _extractors(metric)))


def extractor_modules(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the modules that register the extractors of these metrics, sorted."""
    return tuple(sorted({cls.__module__ for metric in metrics for cls in _extractors(metric)}))


def _extractors(metric: Metric) -> list[type]:
    return [EXTRACTORS.get(need.extractor) for need in metric.needs]
