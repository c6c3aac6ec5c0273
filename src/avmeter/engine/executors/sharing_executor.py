"""Whether a run has its scoring shared among processes: where it is asked to, or a large set seems to be stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import Chunk, ChunkResult, Executor, Row, RunProgress, RunWatch
from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.portable import is_portable
from avmeter.engine.executors.scoring_executor import ScoringExecutor, scoring_worker
from avmeter.engine.plan import make_plan
from avmeter.metrics.base import Metric
from avmeter.runtime.device import num_cores
from avmeter.sample import Sample

_MANY_SAMPLES = 5000  # fewer take one process hardly longer than it takes others to start
_LEAST_CORES, _MAX_WORKERS = 4, 8
_NUM_LOOKED_UP = 64
_STORED_SHARE = 0.9  # the rest may be files that cannot be read, which are tried again each time


class SharingExecutor(Executor):
    """Runs in this process, or has workers score what is stored where that saves time.

    Args:
        config: Of the run; says how many workers, or leaves it to the machine and the set.
        local: Runs here.
        many_samples: Sets of fewer are not looked up.
    """

    def __init__(self, config: EvaluatorConfig, local: LocalExecutor, *, many_samples: int = _MANY_SAMPLES) -> None:
        self._local = local
        self._is_explicit = config.scoring_processes is not None
        self._many_samples = many_samples
        count = default_scoring_workers() if config.scoring_processes is None else config.scoring_processes
        self.scoring: ScoringExecutor | None = None
        if count and config.store:
            self.scoring = ScoringExecutor(config, local, workers=[scoring_worker() for _ in range(count)])
        self._chosen: Executor = local

    @property
    def counts(self) -> Counts:
        """What has been computed so far, by all."""
        return (self.scoring or self._local).counts

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable name of the device."""
        return self._local.devices

    def unload(self) -> None:
        """Drop networks and end processes; they come again when needed."""
        (self.scoring or self._local).unload()

    def _run(
        self, samples: Sequence[Sample], metrics: Mapping[str, Metric], watch: RunWatch, *, of_part: bool
    ) -> ChunkResult:
        self._chosen = self._choose(samples, metrics, of_part=of_part)
        return super()._run(samples, metrics, watch, of_part=of_part)

    def _chunk_sizes(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> Iterable[int]:
        return self._chosen._chunk_sizes(samples, metrics)

    def _run_chunks(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        states: dict[str, CorpusState],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Generator[list[Row], None, None]:
        yield from self._chosen._run_chunks(chunks, metrics, states, progress, should_stop)

    def _choose(self, samples: Sequence[Sample], metrics: Mapping[str, Metric], *, of_part: bool = False) -> Executor:
        """Return who runs these samples; beside a part of a set others may run on this machine."""
        scoring, computer = self.scoring, self._local.computer
        if scoring is None or len(samples) < (2 if self._is_explicit else self._many_samples):
            return self._local
        if of_part and not self._is_explicit:
            return self._local
        shared = {name: metric for name, metric in metrics.items() if is_portable(metric)}
        if len(shared) < (1 if self._is_explicit else len(metrics)):
            return self._local
        plan = make_plan(_spread(samples, _NUM_LOOKED_UP), shared, self._local.extractors)
        if not self._is_explicit:
            share = computer.look_up(plan)
            if not 0 < share.num_needed * _STORED_SHARE <= share.num_stored:
                return self._local
        scoring.fingerprints = computer.fingerprints(plan)
        return scoring


def default_scoring_workers() -> int:
    """Return how many workers score a large set that is stored, on this machine."""
    cores = num_cores()
    return min(_MAX_WORKERS, cores) if os.name == "posix" and cores >= _LEAST_CORES else 0


def _spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Return so many samples from all over a set."""
    return list(samples[:: max(1, len(samples) // count)])[:count]
