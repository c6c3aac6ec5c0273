"""What a run and its workers say to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from avmeter.engine.compute.computer import Counts, FeatureComputer
from avmeter.engine.executors.local import ChunkResult
from avmeter.engine.store import open_store
from avmeter.metrics.base import Metric
from avmeter.runtime import Runtime
from avmeter.sample import Sample
from avmeter.weights import WeightsSource


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a worker computes with; see `FeatureComputer` and `open_store`."""

    device: str
    precision: str
    weights: WeightsSource
    store: str | Path | bool | None = None
    threads: int | None = None
    processes: int | None = None
    batch_size: int | None = None

    def computer(self) -> FeatureComputer:
        """It, with networks still to be loaded."""
        return FeatureComputer(
            Runtime(device=torch.device(self.device), precision=self.precision, weights=self.weights),
            open_store(self.store),
            threads=self.threads,
            processes=self.processes,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class ChunkTask:
    """Samples, and the metrics to be computed over them."""

    samples: Sequence[Sample]
    metrics: Mapping[str, Metric]


@dataclass(frozen=True)
class ChunkDone:
    """Scores and states of a chunk, and what was done for them."""

    result: ChunkResult
    counts: Counts
