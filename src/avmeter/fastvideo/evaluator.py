"""The evaluator with the habits of FastVideo's: names that avmeter lacks are skips, and `shutdown` ends nothing."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from avmeter import evaluator
from avmeter.engine.config import EvaluatorConfig
from avmeter.errors import SkipCode, UsageError
from avmeter.evaluator import evaluate_clip
from avmeter.fastvideo.absent import absent_metric
from avmeter.fastvideo.names import split_selectors
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult


class Evaluator(evaluator.Evaluator):
    """Scores samples as `avmeter.Evaluator` does, whose options it takes beside FastVideo's.

    Metrics of FastVideo that avmeter does not have, or whose network it does not have, are named in one warning, and
    each of their results is a skip; with `skip_missing_deps=True` they are left out.
    """

    def _resolve(self, metrics: Sequence[str] | str, config: EvaluatorConfig) -> dict[str, Metric]:
        present, absent = split_selectors(metrics)
        is_lenient = config.skip_missing_deps
        found = config.resolve_metrics(present) if present or is_lenient or not absent else {}
        without = [name for name, metric in found.items() if _lacks_network(metric)]
        _warn([*absent, *without], "left out" if is_lenient else "skipped", stacklevel=6)
        if is_lenient:
            return _left(found, without)
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


def _lacks_network(metric: Metric) -> bool:
    """Return True if no sample can have a score, as the published network is not in avmeter."""
    obstacle = metric.obstacle()
    return obstacle is not None and obstacle.code == SkipCode.UNSUPPORTED


def _left(metrics: Mapping[str, Metric], without: Sequence[str]) -> dict[str, Metric]:
    left = {name: metric for name, metric in metrics.items() if name not in without}
    if not left:
        raise UsageError(f"not in avmeter yet: {', '.join(without)}", hint="list_metrics() shows what there is here")
    return left


def _warn(absent: Sequence[str], what: str, *, stacklevel: int) -> None:
    if absent:
        warnings.warn(f"not in avmeter yet, and {what}: {', '.join(absent)}", stacklevel=stacklevel)
