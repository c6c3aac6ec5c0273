"""Whether a worker that died is to blame itself, or the samples that it died over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

from avmeter.engine.executors.pieces import Piece

WorkerT = TypeVar("WorkerT", bound=Hashable)
_MAX_OWN_DEATHS = 3
_Place = tuple[int, int]


class Blame(Generic[WorkerT]):
    """Who has died over what in one run.

    A worker is to blame for a death over samples that had killed nobody before and have killed nobody else since: a
    clip that kills all who try it costs none of them its place.
    """

    def __init__(self) -> None:
        self._died_over: defaultdict[_Place, set[WorkerT]] = defaultdict(set)
        self._suspected: defaultdict[WorkerT, list[list[_Place]]] = defaultdict(list)

    def note_death(self, worker: WorkerT, *pieces: Piece) -> None:
        """Note that a worker died over one of these pieces, all that it had."""
        for piece in pieces:
            self._died_over[_place(piece)].add(worker)
        if not any(piece.num_deaths for piece in pieces):
            self._suspected[worker].append([_place(piece) for piece in pieces])

    def note_success(self, worker: WorkerT) -> None:
        """Note that a worker has computed something, so that it works."""
        self._suspected[worker].clear()

    def num_own_deaths(self, worker: WorkerT) -> int:
        """Return how many deaths in a row a worker is to blame for."""
        deaths = self._suspected[worker]
        return sum(all(self._died_over[place] == {worker} for place in places) for places in deaths)

    def is_broken(self, worker: WorkerT) -> bool:
        """Return True for a worker that dies over one piece after the other which kills nobody else."""
        return self.num_own_deaths(worker) >= _MAX_OWN_DEATHS

    def may_retry(self, worker: WorkerT, workers: Collection[WorkerT], piece: Piece) -> bool:
        """Return whether a piece that was taken back is for this one of some workers.

        It is for those that have not died over it, and among them for those whose last first try was no death: what
        one worker says against a sample counts once. Failing these, it is for the others.
        """
        died_over_it = self._died_over.get(_place(piece), set())
        able = [w for w in workers if w not in died_over_it] or workers
        return worker in ([w for w in able if not self._suspected[w]] or able)


def _place(piece: Piece) -> _Place:
    return piece.chunk.start + piece.offset, len(piece.samples)
