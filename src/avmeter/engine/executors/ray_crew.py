"""The workers of a run on a Ray cluster: which of them are starting, idle or at work, and which were lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.engine.config import RAY, EvaluatorConfig
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.ray_cluster import Node, RayCluster, first_line
from avmeter.engine.executors.ray_worker import PieceDone
from avmeter.engine.versions import PACKAGES, installed_versions
from avmeter.errors import AvmeterError, UsageError

logger = logging.getLogger("avmeter")
_MAX_LOSSES_IN_A_ROW = 3
_MAX_FAILED_STARTS = 2
_REFRESH_S = 2.0  # how long a node that joined may go unseen
_SHARE_S = 1.0
_STOP_GRACE_S = 1.5
_SLOW_START_S = 30.0
_UNREACHABLE_S = 30.0  # by then the cluster knows whether a node is dead


@dataclass(eq=False, kw_only=True)
class Slot:
    """A place for a worker: a GPU of a node, or some of its cores.

    Attributes:
        node: The node.
        actor: Handle of the process, None once it was lost.
        answer: What it was asked last and has not answered yet.
        share: Its answer to how far it is, asked meanwhile.
        piece: What it computes; None while it starts or is idle.
        is_ready: It has started, and fits this run.
        num_losses: Workers that could not be reached one after the other.
        num_failed_starts: Workers that could not be started here.
        not_before: When the next worker may be started here, on the clock of `time.monotonic`.
    """

    node: Node
    actor: Any = None
    answer: Any = None
    share: Any = None
    piece: Piece | None = None
    is_ready: bool = False
    num_losses: int = 0
    num_failed_starts: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A piece was computed."""

    slot: Slot
    piece: Piece
    done: PieceDone


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A piece was not computed: its worker died over it, or was lost with its node or for another cause of its own."""

    slot: Slot
    piece: Piece
    is_blamed: bool


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """A share, 0 to 1, of a piece is done."""

    piece: Piece
    share: float


Event = Finished | Lost | Advanced


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
        self._refreshed = self._shares_asked = -_REFRESH_S
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
        for slot in [s for s in self._slots if s.node.id not in nodes and s.piece is None]:
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

    def idle(self) -> list[Slot]:
        """Return the slots whose workers wait for work."""
        return [s for s in self._slots if s.is_ready and s.answer is None]

    def ready(self) -> list[Slot]:
        """Return the slots whose workers have started, idle or at work."""
        return [s for s in self._slots if s.is_ready]

    def begin(self, slot: Slot, piece: Piece, work: Any, run: int) -> None:
        """Have a worker compute a piece.

        Args:
            slot: Where.
            piece: What.
            work: Reference of the `RayWork`.
            run: Number of the run.
        """
        slot.piece = piece
        slot.answer = slot.actor.compute.remote(self._config_reference, work, list(piece.samples), run)

    def poll(self, timeout_s: float) -> Iterator[Event]:
        """Wait for news, and yield what came of pieces."""
        answers = {slot.answer: slot for slot in self._slots if slot.answer is not None}
        if not answers:
            time.sleep(timeout_s)
            return
        for answer in self._cluster.wait(list(answers), timeout_s):
            slot = answers[answer]
            slot.answer = None
            if slot.piece is not None:
                yield self._read_piece(slot, answer)
            else:
                self._read_report(slot, answer)
        yield from self._read_shares()

    def _read_report(self, slot: Slot, answer: Any) -> None:
        """Read what a new worker says of itself."""
        try:
            report = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            slot.num_failed_starts += 1
            self._drop(slot)
            if slot.num_failed_starts >= _MAX_FAILED_STARTS or not self._is_alive(slot.node):
                logger.warning("no worker on %s: %s", slot.node.address, first_line(error))
                self._retire(slot)
            return
        refusal = unfitness(report, installed_versions(), slot.node.address)
        if refusal is None:
            slot.is_ready = True
        else:
            self._refuse(slot, refusal)

    def _read_piece(self, slot: Slot, answer: Any) -> Event:
        """Read what came of the piece of a worker."""
        piece, slot.piece, slot.share = slot.piece, None, None
        assert piece is not None
        exceptions = self._ray.exceptions
        try:
            done: PieceDone = self._ray.get(answer)
        except exceptions.RayTaskError as error:
            return self._read_fault(slot, piece, error)
        except exceptions.RayError as error:
            return self._read_loss(slot, piece, error)
        slot.num_losses = 0
        for message in done.warnings:
            logger.warning("%s: %s", slot.node.address, message)
        return Finished(slot=slot, piece=piece, done=done)

    def _read_loss(self, slot: Slot, piece: Piece, error: Exception) -> Event:
        """Read why a worker is gone: it died, or its node cannot be reached, which the cluster finds out much later."""
        has_died = not isinstance(error, self._ray.exceptions.ActorUnavailableError) and self._is_alive(slot.node)
        what = "a worker died on" if has_died else "lost"
        logger.warning("Ray cluster: %s %s, which had %s: %s", what, slot.node.address, piece, _brief(error))
        self._drop(slot)
        if not has_died:  # starting a worker on a dead node holds up those on others
            slot.not_before = time.monotonic() + _UNREACHABLE_S
            slot.num_losses += 1
            if slot.num_losses >= _MAX_LOSSES_IN_A_ROW:
                self.retire(slot)
        return Lost(slot=slot, piece=piece, is_blamed=has_died)

    def _read_fault(self, slot: Slot, piece: Piece, error: Any) -> Event:
        """Read what a worker raised: its node is no good for this run, or the code has a fault."""
        cause = getattr(error, "cause", None)
        if isinstance(cause, AvmeterError):
            self._refuse(slot, f"{slot.node.address}: {cause.message}")
            return Lost(slot=slot, piece=piece, is_blamed=False)
        logger.error("the worker on %s failed over %s:\n%s", slot.node.address, piece, error)
        self._drop(slot)
        return Lost(slot=slot, piece=piece, is_blamed=True)

    def _read_shares(self) -> Iterator[Advanced]:
        """Ask the workers how far they are, and yield what they said to the last question."""
        now = time.monotonic()
        if now < self._shares_asked + _SHARE_S:
            return
        self._shares_asked = now
        asked = {slot.share: slot for slot in self._slots if slot.share is not None}
        ready = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)[0] if asked else []
        for reference in ready:
            slot = asked[reference]
            slot.share = None
            try:
                share = float(self._ray.get(reference))
            except self._ray.exceptions.RayError:
                continue  # the piece itself tells
            if slot.piece is not None:
                yield Advanced(piece=slot.piece, share=share)
        for slot in self._slots:
            if slot.piece is not None and slot.share is None:
                slot.share = slot.actor.share.remote()

    def stop(self, run: int) -> Iterator[Event]:
        """End a run: yield what workers hand in at once, and drop those that do not."""
        for slot in self._slots:
            if slot.piece is not None:
                slot.actor.stop.remote(run)
        deadline = time.monotonic() + _STOP_GRACE_S
        while any(s.piece is not None for s in self._slots) and time.monotonic() < deadline:
            yield from (e for e in self.poll(0.1) if isinstance(e, Finished))
        for slot in self._slots:
            if slot.piece is not None:
                self._drop(slot)

    def dismiss(self) -> None:
        """End all workers; they start again when needed."""
        for slot in self._slots:
            self._drop(slot)
        self._started = None

    def _is_alive(self, node: Node) -> bool:
        return any(other.id == node.id for other in self._cluster.nodes())

    def _drop(self, slot: Slot) -> None:
        """End the worker of a slot, whatever it does."""
        if slot.actor is not None:
            self._ray.kill(slot.actor)
        slot.actor = slot.answer = slot.share = slot.piece = None
        slot.is_ready = False

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
        for other in [s for s in self._slots if s.node.id == slot.node.id and s.piece is None]:
            self._retire(other)


def unfitness(report: Mapping[str, Any], own: Mapping[str, str], address: str) -> str | None:
    """Return why a node cannot take part in a run, or None; differences that may move last digits are logged.

    Args:
        report: Of `NodeActor.describe`.
        own: Versions of this process.
        address: Of the node.
    """
    versions = report["versions"]
    if versions.get("avmeter") != own.get("avmeter"):
        found = versions.get("avmeter")
        has = f"avmeter {found} is installed" if found else "avmeter is not installed"
        return f"{address}: {has}, and {own.get('avmeter')} runs here"
    if not report["has_device"]:
        return f"{address}: torch can use no GPU there, though the cluster counts one"
    if report["unseen"]:
        return f"{address}: does not see {', '.join(report['unseen'])}"
    different = sorted(name for name in {*versions, *own} if versions.get(name) != own.get(name))
    if different:
        pairs = ", ".join(f"{n} {versions.get(n, 'absent')} (here {own.get(n, 'absent')})" for n in different)
        logger.warning("%s: other versions, so last digits may differ: %s", address, pairs)
    return None


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)[:200]}"
