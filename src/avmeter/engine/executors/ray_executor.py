"""A run on a Ray cluster: workers on its nodes take pieces of the run, the next one while they compute the last.

Media are decoded where they are scored: what travels are names of files, and rows and corpus states. The results do not
depend on who computed what: states are merged in the order of the samples.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import Chunk, ChunkResult, RunProgress
from avmeter.engine.executors.blame import Blame
from avmeter.engine.executors.local import CHUNK_SIZE, GPU_CHUNK_SIZE, LocalExecutor
from avmeter.engine.executors.pieces import Piece, PieceQueue, falling_sizes
from avmeter.engine.executors.portable import can_travel, extractor_modules, is_portable
from avmeter.engine.executors.ray_cluster import RayCluster
from avmeter.engine.executors.ray_crew import Crew
from avmeter.engine.executors.ray_slot import Advanced, Finished, Lost, Slot
from avmeter.engine.executors.ray_worker import RayWork
from avmeter.engine.executors.remote import RemoteExecutor
from avmeter.engine.failures import INTERRUPTED
from avmeter.errors import SkipCode, UsageError
from avmeter.metrics.base import Metric
from avmeter.registry import require_packages
from avmeter.result import Skip
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_CHUNKS_AHEAD = 32  # per worker
_POLL_S = 0.1
_WITHOUT_WORKERS_S = 60.0
_NUM_PATHS = 3
_CLUSTER_LOST = Skip(
    code=SkipCode.INTERRUPTED,
    reason="the Ray cluster lost all its workers before this was computed",
    hint="the same command goes on from there, if there is a feature store",
)


class RayExecutor(RemoteExecutor):
    """Runs pieces on the GPUs of a Ray cluster, or on its cores where it has no GPU.

    Args:
        config: Of the run.
        local: Runs here what cannot run elsewhere.
        chunk_size: The most samples a worker takes at once; default is 128 for GPUs and 32 for cores.

    Raises:
        MissingDependencyError: Ray is not installed.
    """

    def __init__(self, config: EvaluatorConfig, local: LocalExecutor, *, chunk_size: int | None = None) -> None:
        super().__init__(local)
        require_packages('executor="ray"', ["ray"], "ray")
        self._config = config
        self._chunk_size = chunk_size
        self._devices: set[str] = set()
        self._cluster: RayCluster | None = None
        self._crew: Crew | None = None
        self._run_number = 0

    @property
    def devices(self) -> Sequence[str]:
        """Human-readable names of the devices that have computed something, with the addresses of their nodes."""
        return sorted(self._devices) or self._local.devices

    def unload(self) -> None:
        """End the workers and the connection, and drop the networks of this process; all come again when needed."""
        if self._crew is not None:
            self._crew.dismiss()
        if self._cluster is not None:
            self._cluster.disconnect()
        self._crew = self._cluster = None
        self._local.unload()

    def _chunk_sizes(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> Iterable[int]:
        """Connect to the cluster, and say how many samples its workers take at once.

        Raises:
            UsageError: There is no such cluster, or nothing in it that could take part.
        """
        if not samples or not any(map(is_portable, metrics.values())):
            return itertools.repeat(self._chunk_size or CHUNK_SIZE)
        crew = self._connect(samples)
        most = self._chunk_size or (GPU_CHUNK_SIZE if crew.on_gpu else CHUNK_SIZE)
        return falling_sizes(len(samples), most=most, num_workers=crew.num_slots)

    def _connect(self, samples: Sequence[Sample]) -> Crew:
        """Return the crew of the cluster, connected to if need be."""
        if self._crew is None:
            self._cluster = RayCluster(self._config.ray_address)
            self._crew = Crew(self._cluster, self._config)
        self._crew.expect_paths(_shared_paths(self._config, samples))
        self._crew.refresh(at_once=True)
        if not self._crew.num_slots:
            raise UsageError(
                "the Ray cluster has no node that could compute anything",
                hint="`ray status` shows its resources; nodes need a GPU, or at least one CPU",
            )
        return self._crew

    def _remote_results(
        self,
        chunks: Sequence[Chunk],
        metrics: Mapping[str, Metric],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Yield one chunk after the other with what the cluster made of it."""
        crew = self._crew
        assert crew is not None, "the sizes of chunks are those of a cluster"
        self._run_number += 1
        queue = PieceQueue(chunks, metrics, max_ahead=_CHUNKS_AHEAD * crew.num_slots)
        blame: Blame[Slot] = Blame()
        work = self._put(RayWork(metrics=metrics, modules=extractor_modules(metrics.values())))
        worked = time.monotonic()
        try:
            while not queue.is_done:
                if should_stop():
                    self._end(crew, queue)
                elif crew.num_slots:
                    worked = time.monotonic()
                    self._step(crew, queue, work, progress, blame)
                else:
                    self._wait_for_nodes(crew, queue, worked)
                self._compute_reserved(queue, metrics, progress, should_stop)
                yield from queue.pop_finished()
        except BaseException:
            crew.dismiss()
            raise

    def _put(self, work: RayWork) -> Any:
        assert self._cluster is not None
        return self._cluster.ray.put(work)

    def _step(self, crew: Crew, queue: PieceQueue, work: Any, progress: RunProgress, blame: Blame[Slot]) -> None:
        """Give work to whoever wants some, and take in what has come."""
        crew.refresh()
        crew.start()
        for slot in crew.waiting():
            piece = self._next_piece(slot, crew, queue, blame)
            if piece is not None:
                slot.give(piece, work, self._run_number)
        for event in crew.poll(_POLL_S):
            if isinstance(event, Finished):
                blame.note_success(event.slot)
                self._take_in(event, queue)
                progress.update(event.piece.chunk, event.piece.share)
            elif isinstance(event, Advanced):
                progress.update(event.piece.chunk, event.share * event.piece.share)
            else:
                self._take_back(event, crew, queue, blame)

    def _next_piece(self, slot: Slot, crew: Crew, queue: PieceQueue, blame: Blame[Slot]) -> Piece | None:
        """Return the next piece for a worker; those that cannot be sent are left to the run itself."""
        assert self._cluster is not None
        pickle_value = self._cluster.ray.cloudpickle.dumps  # takes classes of a script along
        while (
            piece := queue.take(partial(blame.may_retry, slot, crew.ready()), held=slot.pieces.values())
        ) is not None and not can_travel(piece.samples, pickle_value):
            queue.finish_parts(piece, {})
        return piece

    def _compute_reserved(
        self,
        queue: PieceQueue,
        metrics: Mapping[str, Metric],
        progress: RunProgress,
        should_stop: Callable[[], bool],
    ) -> None:
        """Compute one piece here, if there is one that could not be sent: workers are looked after in between."""
        piece = queue.take_reserved()
        if piece is not None:
            queue.finish(piece, self._local.run_chunk(piece.samples, metrics, should_stop=should_stop))
            progress.update(piece.chunk, queue.share_done(piece.chunk))

    def _take_back(self, event: Lost, crew: Crew, queue: PieceQueue, blame: Blame[Slot]) -> None:
        """Take back all that a worker had: each piece is tried again, alone."""
        if event.is_blamed:
            blame.note_death(event.slot, *event.pieces)
        for piece in reversed(event.pieces):
            if event.is_blamed:
                queue.report_death(piece)
            else:
                queue.move(piece)
        if blame.is_broken(event.slot):
            crew.retire(event.slot)

    def _take_in(self, event: Finished, queue: PieceQueue) -> None:
        self._counts = self._counts.plus(event.done.counts)
        self._devices.add(f"{event.slot.device} on {event.slot.node.address}")
        queue.finish(event.piece, event.done.result)

    def _end(self, crew: Crew, queue: PieceQueue) -> None:
        """Take in what workers hand in at once, and skip the rest."""
        for event in crew.stop(self._run_number):
            if isinstance(event, Finished):
                self._take_in(event, queue)
        queue.close(INTERRUPTED)

    def _wait_for_nodes(self, crew: Crew, queue: PieceQueue, worked: float) -> None:
        """Wait for a node that joins.

        Raises:
            UsageError: No node fits this run.
        """
        if crew.refusals:
            raise UsageError(
                f"no node of the Ray cluster can take part: {'; '.join(sorted(set(crew.refusals.values())))}",
                hint="install the same versions on every node, and mount the same folders",
            )
        if time.monotonic() > worked + _WITHOUT_WORKERS_S:
            logger.error("%s", _CLUSTER_LOST.reason)
            queue.close(_CLUSTER_LOST)
            return
        time.sleep(_POLL_S)
        crew.refresh()


def _shared_paths(config: EvaluatorConfig, samples: Sequence[Sample]) -> list[str]:
    """Return a few paths that every node has to see: the folder of weights, and files of samples."""
    base = config.weights_source.base
    files = (source.path for sample in samples for source in sample.media.values() if source.path is not None)
    present = islice((path for path in files if Path(path).exists()), _NUM_PATHS)
    return [str(path) for path in (*([base] if base is not None else []), *present)]
