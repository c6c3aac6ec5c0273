"""A run whose features are stored, scored by several processes; what is missing is computed in this one.

Scoring is Python code, one core's work. The workers compute no feature: samples that lack one come back to the run,
which has the networks, and it is computed once. Results are those of one process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ScoringSetup
from avmeter.engine.executors.multi_gpu import MultiGpuExecutor
from avmeter.engine.ipc.process import Process
from avmeter.result import Skip

_CHUNK_SIZE = 64  # each worker has the features of one in memory
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


class ScoringExecutor(MultiGpuExecutor):
    """Has workers score what is stored.

    Args:
        config: Of the run.
        local: Computes here what is missing.
        workers: The processes, each of `scoring_worker`.
        chunk_size: The most samples a worker takes at once.

    Attributes:
        fingerprints: What workers that start are sent, so that each need not hash checkpoints.
    """

    def __init__(
        self,
        config: EvaluatorConfig,
        local: LocalExecutor,
        *,
        workers: Sequence[Process],
        chunk_size: int = _CHUNK_SIZE,
    ) -> None:
        count = len(workers)
        own = config.for_scoring(num_workers=count)
        super().__init__(own, ["cpu"] * count, local, chunk_size=chunk_size, workers=workers)
        self.fingerprints: Mapping[str, str | Skip] = {}

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable name of the device that computes features."""
        return self._local.devices

    def _setup(self, config: EvaluatorConfig) -> Any:
        return ScoringSetup(config=config, fingerprints=self.fingerprints)


def scoring_worker() -> Process:
    """Return a process that scores what is stored, not started yet."""
    return Process("avmeter.engine.executors.scoring_worker", environment=_ENVIRONMENT)
