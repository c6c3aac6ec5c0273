"""Samples that kill whoever tries them cost no worker its place; a worker that dies over everything loses it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import cycle

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.blame import Blame
from avmeter.engine.executors.pieces import Piece, PieceQueue
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult
from avmeter.sample import Sample
from support.engine import MeanMetric

METRICS: dict[str, Metric] = {"test.mean": MeanMetric()}
WORKERS = ("first", "second")


def chunks(num_chunks: int, size: int) -> list[Chunk]:
    samples = [Sample(id=str(i)) for i in range(num_chunks * size)]
    return [Chunk(start=i * size, samples=samples[i * size : (i + 1) * size]) for i in range(num_chunks)]


class Crew:
    """Two workers that take turns; the samples of `deadly` kill both, and everything kills those of `broken`."""

    def __init__(self, run_chunks: list[Chunk], *, deadly: set[int], broken: str = "") -> None:
        self.queue = PieceQueue(run_chunks, METRICS, max_ahead=len(run_chunks))
        self.blame: Blame[str] = Blame()
        self.deadly, self.broken = deadly, broken
        self.num_deaths: Counter[str] = Counter()
        self.dismissed: list[str] = []

    def run(self) -> list[int]:
        """Return the samples that were skipped."""
        results: list[ChunkResult] = []
        for worker in cycle(WORKERS):
            if self.queue.is_done:
                break
            able = [w for w in WORKERS if w not in self.dismissed]
            piece = self.queue.take(partial(self.blame.may_retry, worker, able)) if worker in able else None
            if piece is not None:
                self.compute(worker, piece)
            results += [result for _, result in self.queue.pop_finished()]
        rows = [row["test.mean"] for result in results for row in result.rows]
        return [i for i, row in enumerate(rows) if row.skip]

    def compute(self, worker: str, piece: Piece) -> None:
        if worker == self.broken or self.deadly & {int(s.id) for s in piece.samples}:
            self.num_deaths[worker] += 1
            self.blame.note_death(worker, piece)
            self.queue.report_death(piece)
            if self.blame.is_broken(worker):
                self.dismissed.append(worker)
        else:
            self.blame.note_success(worker)
            row = {"test.mean": MetricResult("test.mean", 1.0)}
            self.queue.finish(piece, ChunkResult(rows=[row] * len(piece.samples)))


def test_deadly_clip_is_found_among_many_and_costs_no_worker_its_place() -> None:
    """It is the first of its chunk, so that nothing succeeds between the deaths; one clip of 512 is skipped."""
    crew = Crew(chunks(1, 512), deadly={0})
    assert crew.run() == [0]
    assert sum(crew.num_deaths.values()) == 5
    assert crew.dismissed == []


def test_deadly_clip_in_every_chunk_costs_no_worker_its_place() -> None:
    """Both die over one chunk after the other, and neither alone."""
    crew = Crew(chunks(8, 8), deadly=set(range(0, 64, 8)))
    assert crew.run() == list(range(0, 64, 8))
    assert crew.num_deaths["first"] >= 4
    assert crew.dismissed == []


def test_worker_that_dies_over_what_others_compute_is_dismissed_and_no_clip_is_skipped() -> None:
    """Three times in a row; what it died over is scored by the other one."""
    crew = Crew(chunks(16, 4), deadly=set(), broken="first")
    assert crew.run() == []
    assert (crew.dismissed, crew.num_deaths) == (["first"], {"first": 3})


def test_success_clears_a_worker() -> None:
    """Deaths count in a row."""
    blame: Blame[str] = Blame()
    pieces = [Piece(chunk=chunk, offset=0, samples=chunk.samples) for chunk in chunks(3, 1)]
    for piece in pieces[:2]:
        blame.note_death("first", piece)
    assert blame.num_own_deaths("first") == 2
    blame.note_success("first")
    blame.note_death("first", pieces[2])
    assert blame.num_own_deaths("first") == 1


def test_death_over_several_pieces_counts_once_and_not_where_one_of_them_kills_another_worker() -> None:
    """Whichever of them it was that killed."""
    blame: Blame[str] = Blame()
    pieces = [Piece(chunk=chunk, offset=0, samples=chunk.samples) for chunk in chunks(2, 1)]
    blame.note_death("first", *pieces)
    assert blame.num_own_deaths("first") == 1
    blame.note_death("second", pieces[1])
    assert blame.num_own_deaths("first") == 0
