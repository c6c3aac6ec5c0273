"""One metric of avmeter with the calls of FastVideo's `BaseMetric`, for callers that drive it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.corpus import finish_states, merge_states, start_states
from avmeter.engine.executors.local import LocalExecutor
from avmeter.metrics.base import CorpusMetric
from avmeter.result import MetricResult
from avmeter.sample import Sample


class StandaloneMetric:
    """Scores samples one by one; networks are loaded when first needed.

    Args:
        name: Of the metric.
        options: Of its constructor.

    Attributes:
        name: Of the metric.

    Raises:
        UnknownNameError: No such metric, or no such option.
        MissingDependencyError: It lacks a package.
    """

    dependencies: tuple[str, ...] = ()
    needs_gpu = False
    backbone: str | None = None

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self._options = {name: dict(options)}
        self._metrics = EvaluatorConfig(device="cpu", options=self._options).resolve_metrics([name])
        self._metric = self._metrics[name]
        self._states = start_states(self._metrics)
        self._num_samples = 0
        self._device = torch.device("cpu")
        self._executor: LocalExecutor | None = None

    @property
    def device(self) -> torch.device:
        """Device that `to` moved it to."""
        return self._device

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is better."""
        return self._metric.direction == "higher"

    @property
    def requires_reference(self) -> bool:
        """Whether it reads a reference."""
        return any(field.startswith("reference") for need in self._metric.needs for field in need.fields)

    @property
    def is_set_metric(self) -> bool:
        """Whether it has a score of a corpus alone."""
        return isinstance(self._metric, CorpusMetric) and not self._metric.per_sample

    def to(self, device: str | torch.device) -> StandaloneMetric:
        """Move to a device; return self."""
        if torch.device(device) != self._device:
            self._device = torch.device(device)
            self._executor = None
        return self

    def setup(self) -> None:
        """Make ready; networks are loaded with the first sample."""
        self._run()

    def compute(self, sample: Mapping[str, Any]) -> MetricResult:
        """Return the result of one sample."""
        return self._run().run_chunk([Sample.of(sample)], self._metrics).rows[0][self.name]

    def reset(self) -> None:
        """Discard what was accumulated."""
        self._states = start_states(self._metrics)
        self._num_samples = 0

    def accumulate(self, sample: Mapping[str, Any]) -> None:
        """Add one sample of a corpus."""
        item = Sample.of(sample, index=self._num_samples)
        self._num_samples += 1
        self._run().run_chunk([item], self._metrics, states=self._states)

    def merge_from(self, other: StandaloneMetric) -> None:
        """Add what another instance accumulated, over the next part of the corpus."""
        self._states = merge_states(self._metrics, self._states, other._states)

    def finalize(self) -> MetricResult:
        """Return the result of the corpus."""
        return finish_states(self._metrics, self._states)[self.name]

    def _run(self) -> LocalExecutor:
        if self._executor is None:
            config = EvaluatorConfig(device=str(self._device), options=self._options)
            self._executor = LocalExecutor(config.build_computer())
        return self._executor
