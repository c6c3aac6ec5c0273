"""A place for a worker of a Ray cluster, and what comes of the pieces that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.engine.executors.messages import ChunkDone
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.ray_cluster import Node


@dataclass(eq=False, kw_only=True)
class Slot:
    """A place for a worker: a GPU of a node, or some of its cores.

    Attributes:
        node: The node.
        actor: Handle of the process, None once it was lost.
        answer: To what it was asked last: to describe itself, and then for news.
        given: References of the calls by which it was given pieces, as long as they are on their way.
        pieces: Number -> what it has to compute.
        device: What its device is called, once it has started.
        is_ready: It fits this run.
        wants_piece: It will soon have nothing to decode.
        is_stopping: It was told to stop, and has not yet.
        num_losses: Workers that could not be reached one after the other.
        num_failed_starts: Workers that were lost one after the other before they were given anything.
        not_before: When the next worker may be started here, on the clock of `time.monotonic`.
    """

    node: Node
    actor: Any = None
    answer: Any = None
    given: list[Any] = field(default_factory=list)
    pieces: dict[int, Piece] = field(default_factory=dict)
    device: str = ""
    is_ready: bool = False
    wants_piece: bool = False
    is_stopping: bool = False
    num_losses: int = 0
    num_failed_starts: int = 0
    not_before: float = 0.0

    def give(self, piece: Piece, work: Any, run: int) -> None:
        """Have the worker compute a piece, beside what it has.

        Args:
            piece: The piece.
            work: Reference of the `RayWork`.
            run: Number of the run.
        """
        number = piece.chunk.start + piece.offset
        self.wants_piece = False
        self.pieces[number] = piece
        self.given.append(self.actor.give.remote(work, number, list(piece.samples), run))

    def stop(self, run: int) -> None:
        """Have the worker hand in what it has begun for a run."""
        self.is_stopping = True
        self.actor.stop.remote(run)

    def vacate(self) -> tuple[list[Piece], Any]:
        """Forget the worker; return the pieces that it had, and its handle."""
        pieces, actor = list(self.pieces.values()), self.actor
        self.actor = self.answer = None
        self.given, self.pieces = [], {}
        self.is_ready = self.wants_piece = self.is_stopping = False
        return pieces, actor


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A piece was computed."""

    slot: Slot
    piece: Piece
    done: ChunkDone


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Pieces were not computed: their worker died over one of them, or was lost with its node or for its own cause."""

    slot: Slot
    pieces: Sequence[Piece]
    is_blamed: bool


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """A share, 0 to 1, of a piece is done."""

    piece: Piece
    share: float


Event = Finished | Lost | Advanced
