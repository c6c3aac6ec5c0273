"""The workers of a run on a Ray cluster: which of them are starting, idle or at work, and which were lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from avmeter.engine.config import RAY, EvaluatorConfig
from avmeter.engine.executors.messages import (
    ChunkDone,
    ChunkShare,
    RunStopped,
    WantsChunk,
    WorkerStarted,
    WorkerWarning,
)
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.ray_cluster import Node, RayCluster, first_line
from avmeter.engine.executors.ray_fitness import unfitness
from avmeter.engine.executors.ray_slot import Advanced, Event, Finished, Lost, Slot
from avmeter.engine.run_log import failure_logger
from avmeter.engine.versions import PACKAGES, installed_versions
from avmeter.errors import AvmeterError, UsageError

logger = logging.getLogger("avmeter")
_MAX_LOSSES_IN_A_ROW = 3
_MAX_FAILED_STARTS = 2
_REFRESH_S = 2.0  # how long a node that joined may go unseen
_STOP_GRACE_S = 1.5
_SLOW_START_S = 30.0
_UNREACHABLE_S = 30.0  # by then the cluster knows whether a node is dead


class Crew:
    """Starts a worker in every slot of the cluster, also on nodes that join later, and again where one died.

    Args:
        cluster: The cluster.
        config: Of the run.

    Attributes:
        refusals: Node -> why it is not used.
    """

    def __init__(self, cluster: RayCluster, config: EvaluatorConfig) -> None:
        self._cluster = cluster
        self._ray = cluster.ray
        self._config = config
        self._config_reference = self._ray.put(config)
        self._paths: Sequence[str] = ()
        self._slots: list[Slot] = []
        self._known_nodes: set[str] = set()
        self._refreshed = -_REFRESH_S
        self._started: float | None = None
        self.refusals: dict[str, str] = {}
        self.on_gpu = self._wants_gpus()
        self.refresh(at_once=True)

    def _wants_gpus(self) -> bool:
        num_gpus = sum(node.num_gpus for node in self._cluster.nodes())
        if self._config.device == "cuda" and not num_gpus:
            raise UsageError(
                f'device="cuda" with executor={RAY!r}: the cluster has no GPU', hint='leave it out, or give "cpu"'
            )
        return self._config.device != "cpu" and num_gpus > 0

    @property
    def num_slots(self) -> int:
        """How many workers there are, or will be as soon as they have started."""
        return len(self._slots)

    def expect_paths(self, paths: Sequence[str]) -> None:
        """Have workers that start from now on say which of these files and folders they do not see."""
        self._paths = paths

    def refresh(self, *, at_once: bool = False) -> None:
        """Take in nodes that have joined, and leave out those that are gone; every now and then, or at once."""
        now = time.monotonic()
        if not at_once and now < self._refreshed + _REFRESH_S:
            return
        self._refreshed = now
        nodes = {node.id: node for node in self._cluster.nodes()}
        for slot in [s for s in self._slots if s.node.id not in nodes and not s.pieces]:
            self._retire(slot)
        for node in nodes.values():
            if node.id not in self._known_nodes:
                self._known_nodes.add(node.id)
                self._slots.extend(Slot(node=node) for _ in range(node.num_workers(on_gpu=self.on_gpu)))

    def start(self) -> None:
        """Start a worker in every slot that has none."""
        self._started = self._started or time.monotonic()
        for slot in self._slots:
            if slot.actor is None and time.monotonic() >= slot.not_before:
                slot.actor = self._cluster.start_actor(slot.node, on_gpu=self.on_gpu)
                slot.answer = slot.actor.describe.remote(PACKAGES, self._paths)
        if not any(s.is_ready for s in self._slots) and time.monotonic() > self._started + _SLOW_START_S:
            self._started = float("inf")
            logger.warning("no worker of the Ray cluster has started yet: what it has may be in use by others")

    def waiting(self) -> list[Slot]:
        """Return the slots whose workers want a piece, those that have the fewest first."""
        return sorted((s for s in self._slots if s.wants_piece), key=lambda s: len(s.pieces))

    def ready(self) -> list[Slot]:
        """Return the slots whose workers have started, idle or at work."""
        return [s for s in self._slots if s.is_ready]

    def poll(self, timeout_s: float) -> Iterator[Event]:
        """Wait for news, and yield what came of pieces."""
        asked = {ref: slot for slot in self._slots for ref in (slot.answer, *slot.given) if ref is not None}
        if not asked:
            time.sleep(timeout_s)
            return
        for reference in self._cluster.wait(list(asked), timeout_s):
            yield from self._read(asked[reference], reference)

    def _read(self, slot: Slot, reference: Any) -> Iterator[Event]:
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            yield from self._read_fault(slot, error)
        except self._ray.exceptions.RayError as error:
            yield from self._read_loss(slot, error)
        else:
            if reference in slot.given:
                slot.given.remove(reference)
            elif slot.is_ready:
                self._ask(slot)
                yield from self._read_news(slot, answer)
            else:
                self._read_report(slot, answer)

    def _ask(self, slot: Slot) -> None:
        slot.answer = slot.actor.news.remote(self._config_reference)

    def _read_report(self, slot: Slot, report: Any) -> None:
        """Read what a new worker says of itself."""
        refusal = unfitness(report, installed_versions(), slot.node.address)
        if refusal is None:
            slot.is_ready = True
            self._ask(slot)
        else:
            self._refuse(slot, refusal)

    def _read_news(self, slot: Slot, messages: Sequence[Any]) -> Iterator[Event]:
        for message in messages:
            if isinstance(message, WantsChunk):
                slot.wants_piece = True
            elif isinstance(message, ChunkShare):
                yield Advanced(piece=slot.pieces[message.number], share=message.share)
            elif isinstance(message, ChunkDone):
                slot.num_losses = slot.num_failed_starts = 0
                if message.log:
                    failure_logger().debug("the worker on %s logged:\n%s", slot.node.address, message.log)
                yield Finished(slot=slot, piece=slot.pieces.pop(message.number), done=message)
            elif isinstance(message, WorkerWarning):
                logger.warning("%s: %s", slot.node.address, message.text)
            elif isinstance(message, WorkerStarted):
                slot.device = message.device
            elif isinstance(message, RunStopped):
                slot.pieces.clear()
                slot.is_stopping = slot.wants_piece = False

    def _read_loss(self, slot: Slot, error: Exception) -> Iterator[Event]:
        """Read why a worker is gone: it died, or its node cannot be reached, which the cluster finds out much later."""
        has_died = not isinstance(error, self._ray.exceptions.ActorUnavailableError) and self._is_alive(slot.node)
        is_failed_start = not slot.pieces and (has_died or not slot.is_ready)
        what = f"a worker died on {slot.node.address}" if has_died else f"lost {slot.node.address}"
        pieces = self._drop(slot)
        if pieces:
            logger.warning("Ray cluster: %s, which had %s: %s", what, _names(pieces), _brief(error))
        if is_failed_start:
            self._note_failed_start(slot, error)
        elif not has_died:  # starting a worker on a dead node holds up those on others
            slot.not_before = time.monotonic() + _UNREACHABLE_S
            slot.num_losses += 1
            if slot.num_losses >= _MAX_LOSSES_IN_A_ROW:
                self.retire(slot)
        if pieces:
            yield Lost(slot=slot, pieces=pieces, is_blamed=has_died)

    def _read_fault(self, slot: Slot, error: Any) -> Iterator[Event]:
        """Read what a worker raised: its node is no good for this run, or the code has a fault."""
        cause = getattr(error, "cause", None)
        pieces = self._drop(slot)
        if isinstance(cause, AvmeterError):
            self._refuse(slot, f"{slot.node.address}: {cause.message}")
        elif pieces:
            logger.error("the worker on %s failed over %s:\n%s", slot.node.address, _names(pieces), error)
        else:
            self._note_failed_start(slot, error)
        if pieces:
            yield Lost(slot=slot, pieces=pieces, is_blamed=not isinstance(cause, AvmeterError))

    def _note_failed_start(self, slot: Slot, error: Exception) -> None:
        """Start no worker any more where two in a row were lost before they had anything to do."""
        slot.num_failed_starts += 1
        if slot.num_failed_starts >= _MAX_FAILED_STARTS or not self._is_alive(slot.node):
            logger.warning("no worker on %s: %s", slot.node.address, first_line(error))
            self._retire(slot)

    def stop(self, run: int) -> Iterator[Event]:
        """End a run: yield what workers hand in at once, and drop those that do not."""
        for slot in self._slots:
            if slot.pieces:
                slot.stop(run)
        deadline = time.monotonic() + _STOP_GRACE_S
        while any(s.is_stopping for s in self._slots) and time.monotonic() < deadline:
            yield from (e for e in self.poll(0.1) if isinstance(e, Finished))
        for slot in self._slots:
            if slot.is_stopping:
                self._drop(slot)

    def dismiss(self) -> None:
        """End all workers; they start again when needed."""
        for slot in self._slots:
            self._drop(slot)
        self._started = None

    def _is_alive(self, node: Node) -> bool:
        return any(other.id == node.id for other in self._cluster.nodes())

    def _drop(self, slot: Slot) -> Sequence[Piece]:
        """End the worker of a slot, whatever it does; return the pieces that it had."""
        pieces, actor = slot.vacate()
        if actor is not None:
            self._ray.kill(actor)
        return pieces

    def retire(self, slot: Slot) -> None:
        """Start no worker in a slot any more, unless it is the last one."""
        if len(self._slots) > 1:
            self._retire(slot)

    def _retire(self, slot: Slot) -> None:
        self._drop(slot)
        self._slots.remove(slot)

    def _refuse(self, slot: Slot, reason: str) -> None:
        """Leave out a node that does not fit, with all its slots that are not at work."""
        if slot.node.id not in self.refusals:
            logger.warning("a node of the Ray cluster is not used: %s", reason)
        self.refusals[slot.node.id] = reason
        for other in [s for s in self._slots if s.node.id == slot.node.id and not s.pieces]:
            self._retire(other)


def _names(pieces: Sequence[Piece]) -> str:
    return " and ".join(map(str, pieces))


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)[:200]}"
