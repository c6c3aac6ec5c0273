"""avmeter measures generated sound, alone or with the video it belongs to.

Names are loaded when first used: `import avmeter` alone costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avmeter.errors import (
        AvmeterError,
        ManifestError,
        MediaError,
        MissingDependencyError,
        SkipCode,
        SkipError,
        StatsError,
        UnknownNameError,
        UsageError,
        WeightsError,
    )
    from avmeter.evaluator import Evaluator, compute_features, create_evaluator, evaluate
    from avmeter.manifest import from_dataset, read_manifest, samples_from
    from avmeter.metrics.base import CorpusMetric, Metric, Need
    from avmeter.metrics.resolve import get_metric
    from avmeter.metrics.simple_form import BaseMetric
    from avmeter.registry import list_metrics, register, register_extractor
    from avmeter.result import MetricResult, Skip
    from avmeter.run import EvalResults, compare, read_run
    from avmeter.sample import Sample, Video, as_video

_MODULES = {
    "avmeter.errors": (
        "AvmeterError",
        "ManifestError",
        "MediaError",
        "MissingDependencyError",
        "SkipCode",
        "SkipError",
        "StatsError",
        "UnknownNameError",
        "UsageError",
        "WeightsError",
    ),
    "avmeter.evaluator": (
        "Evaluator",
        "compute_features",
        "create_evaluator",
        "evaluate",
    ),
    "avmeter.manifest": (
        "from_dataset",
        "read_manifest",
        "samples_from",
    ),
    "avmeter.metrics.base": (
        "CorpusMetric",
        "Metric",
        "Need",
    ),
    "avmeter.metrics.resolve": ("get_metric",),
    "avmeter.metrics.simple_form": ("BaseMetric",),
    "avmeter.registry": (
        "list_metrics",
        "register",
        "register_extractor",
    ),
    "avmeter.result": (
        "MetricResult",
        "Skip",
    ),
    "avmeter.run": (
        "EvalResults",
        "compare",
        "read_run",
    ),
    "avmeter.sample": (
        "Sample",
        "Video",
        "as_video",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AvmeterError",
    "BaseMetric",
    "CorpusMetric",
    "EvalResults",
    "Evaluator",
    "ManifestError",
    "MediaError",
    "Metric",
    "MetricResult",
    "MissingDependencyError",
    "Need",
    "Sample",
    "Skip",
    "SkipCode",
    "SkipError",
    "StatsError",
    "UnknownNameError",
    "UsageError",
    "Video",
    "WeightsError",
    "as_video",
    "compare",
    "compute_features",
    "create_evaluator",
    "evaluate",
    "from_dataset",
    "get_metric",
    "list_metrics",
    "read_manifest",
    "read_run",
    "register",
    "register_extractor",
    "samples_from",
]
