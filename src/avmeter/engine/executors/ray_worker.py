"""What a node of a Ray cluster does: whole pieces of a run, from the files to rows and corpus states."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.local import LocalExecutor
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device, num_cores
from avmeter.sample import Sample

_MAX_THREADS = 8


@dataclass(frozen=True, kw_only=True)
class RayWork:
    """What is the same for all pieces of a run.

    Attributes:
        metrics: Name -> metric.
        modules: Modules to import first: they register the extractors that the metrics need.
    """

    metrics: Mapping[str, Metric]
    modules: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PieceDone:
    """Results of a piece, what was computed for them and where, and the warnings that were logged meanwhile."""

    result: ChunkResult
    counts: Counts
    device: str
    warnings: Sequence[str]


class RayWorker:
    """Computes pieces on the device of this process.

    Args:
        config: Of the run.
        device: Torch device.
        num_workers: Workers that share this machine.
    """

    def __init__(self, config: EvaluatorConfig, device: str, *, num_workers: int) -> None:
        own = config.for_worker(device, num_workers=num_workers)
        threads = own.loader_threads or max(1, min(_MAX_THREADS, num_cores() // num_workers))
        self._computer = replace(own, loader_threads=threads).build_computer()
        self._executor = LocalExecutor(self._computer)

    def compute(
        self,
        work: RayWork,
        samples: Sequence[Sample],
        progress: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> PieceDone:
        """Return the results of some samples, and the corpus states over them."""
        for module in work.modules:
            importlib.import_module(module)
        before = self._computer.counts.copy()
        with _logged_warnings() as warnings:
            result = self._executor.run_chunk(samples, work.metrics, progress=progress, should_stop=should_stop)
        return PieceDone(
            result=result,
            counts=self._computer.counts.since(before),
            device=describe_device(self._computer.runtime.device),
            warnings=warnings,
        )


@contextmanager
def _logged_warnings() -> Iterator[list[str]]:
    """Collect what is logged within the block: the run's own log is where people look."""
    messages: list[str] = []
    handler = _Collector(messages)
    logger = logging.getLogger("avmeter")
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


class _Collector(logging.Handler):
    """Keeps the text of warnings and errors."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())
