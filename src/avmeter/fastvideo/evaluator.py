"""The evaluator with the habits of FastVideo's: names that avmeter lacks are skips, and `shutdown` ends nothing."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from avmeter import evaluator
from avmeter.engine.config import EvaluatorConfig
from avmeter.evaluator import evaluate_clip
from avmeter.fastvideo.absent import absent_metric
from avmeter.fastvideo.names import MetricName, split_selectors
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult


class Evaluator(evaluator.Evaluator):
    """Scores samples as `avmeter.Evaluator` does, whose options it takes beside FastVideo's.

    Metrics of FastVideo that avmeter does not have are named in one warning, and each of their results is a skip; with
    `skip_missing_deps=True` they are left out.
    """

    def _resolve(self, metrics: Sequence[str] | str, config: EvaluatorConfig) -> dict[str, Metric]:
        present, absent = split_selectors(metrics)
        _warn(absent, "left out" if config.skip_missing_deps else "skipped", stacklevel=6)
        if config.skip_missing_deps or not absent:
            return config.resolve_metrics(present)
        found = config.resolve_metrics(present) if present else {}
        return found | {name: absent_metric(metric) for name, metric in absent.items()}

    def _check_keys(self, sample: Mapping[str, Any], metrics: Mapping[str, Metric]) -> None:
        """Take any key: rows of data sets have more of them than metrics read."""

    @property
    def num_gpus(self) -> int:
        """Number of devices in use: 1 also on a CPU."""
        return max(1, super().num_gpus)

    def shutdown(self) -> None:
        """Drop the networks; the next `evaluate` builds them again."""
        self.unload()


def create_evaluator(
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    num_gpus: int = 1,
    compile: bool = False,
    **options: Any,
) -> Evaluator:
    """Build an `Evaluator`; all its arguments are accepted."""
    return Evaluator(metrics, device, num_gpus, compile, **options)


def evaluate(
    generated: Any = None,
    reference: Any = None,
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    **sample: Any,
) -> dict[str, MetricResult]:
    """Score one clip once, as `avmeter.evaluate` does; metrics that avmeter does not have are skips."""
    return evaluate_clip(Evaluator, generated, reference, metrics=metrics, device=device, sample=sample)


def _warn(absent: dict[str, MetricName], what: str, *, stacklevel: int) -> None:
    if absent:
        warnings.warn(f"not in avmeter yet, and {what}: {', '.join(absent)}", stacklevel=stacklevel)
