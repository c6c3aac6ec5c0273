"""FastVideo's eval package by its own names: `import avmeter.fastvideo as eval`.

Every name leads to what avmeter has for it; nothing is computed here. What differs, line by line:
docs/from-fastvideo.md.

    api, evaluator, registry, types       as FastVideo's modules of these names
    models, io/, metrics/base, datasets/  likewise
    callbacks/                            FastVideo's validation callback, scored by avmeter
    names, absent                         FastVideo's metrics, and what stands in for those that avmeter lacks
    standalone                            one metric, called by hand
"""

from avmeter.fastvideo.evaluator import Evaluator, create_evaluator, evaluate
from avmeter.fastvideo.io.inputs import as_video, samples_from
from avmeter.fastvideo.metrics.base import BaseMetric
from avmeter.fastvideo.models import ensure_checkpoint, get_cache_dir
from avmeter.fastvideo.registry import get_metric, list_metrics, register
from avmeter.fastvideo.types import EvalResults, MetricResult, Video

__all__ = [
    "BaseMetric",
    "EvalResults",
    "Evaluator",
    "MetricResult",
    "Video",
    "as_video",
    "create_evaluator",
    "ensure_checkpoint",
    "evaluate",
    "get_cache_dir",
    "get_metric",
    "list_metrics",
    "register",
    "samples_from",
]
