"""Pieces of a run: retried, split and skipped by name; chunks come back whole and in order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.pieces import Piece, PieceQueue, falling_sizes
from avmeter.engine.failures import INTERRUPTED
from avmeter.errors import SkipCode
from avmeter.metrics.base import Metric
from avmeter.sample import Sample, as_samples
from support import engine

METRICS: dict[str, Metric] = {"test.mean": engine.MeanMetric(), "test.sum": engine.SumMetric()}


def chunks(num_samples: int, size: int) -> list[Chunk]:
    samples = as_samples([{**engine.clip(i / num_samples), "id": f"clip{i}"} for i in range(num_samples)])
    return [Chunk(start=i, samples=samples[i : i + size]) for i in range(0, num_samples, size)]


def compute(samples: list[Sample]) -> ChunkResult:
    return LocalExecutor(engine.computer()).run_chunk(samples, METRICS)


def run(queue: PieceQueue, dies: set[str]) -> tuple[list[tuple[int, ChunkResult]], int]:
    """Compute everything in one worker, which dies over some samples; also return how often it did."""
    found, num_deaths = [], 0
    while not queue.is_done:
        piece = queue.take()
        assert piece is not None
        if dies & {s.id for s in piece.samples}:
            num_deaths += 1
            queue.report_death(piece)
        else:
            queue.finish(piece, compute(list(piece.samples)))
        found += [(chunk.start, result) for chunk, result in queue.pop_finished()]
    return found, num_deaths


def rows_of(found: list[tuple[int, ChunkResult]]) -> list[str]:
    """The code of each sample's skip, or nothing."""
    return [r["test.mean"].skip.code if r["test.mean"].skip else "" for _, result in found for r in result.rows]


def test_samples_that_kill_every_worker_are_found_and_skipped_by_name() -> None:
    """Two among 40: the others are scored, chunks come in order, and each is searched for in few rounds."""
    run_chunks = chunks(40, 20)
    found, num_deaths = run(PieceQueue(run_chunks, METRICS, max_ahead=2), {"clip7", "clip33"})
    assert [start for start, _ in found] == [0, 20]
    assert rows_of(found) == [SkipCode.WORKER_DIED if i in (7, 33) else "" for i in range(40)]
    assert num_deaths <= 10
    states = [result.states["test.sum"] for _, result in found]
    assert [dict(s.left_out) for s in states] == [{"worker_died": 1}] * 2
    assert [s.state.ids for s in states] == [
        [f"clip{i}" for i in range(20) if i != 7],
        [f"clip{i}" for i in range(20, 40) if i != 33],
    ]


def test_sample_whose_nodes_were_lost_is_not_to_blame() -> None:
    """Twice is an accident; a sample that takes node after node with it is skipped in the end."""
    queue = PieceQueue(chunks(1, 1), METRICS, max_ahead=1)
    for _ in range(2):
        piece = queue.take()
        assert piece is not None
        queue.move(piece)
    assert piece.num_deaths == 0
    num_lost = 2
    while (piece := queue.take()) is not None:
        queue.move(piece)
        num_lost += 1
    assert num_lost == 6
    assert rows_of([(c.start, r) for c, r in queue.pop_finished()]) == [SkipCode.WORKER_DIED]


def test_no_more_than_a_few_chunks_are_ahead_of_the_first_unfinished_one() -> None:
    """What waits to be merged is bounded, however large the run is."""
    queue = PieceQueue(chunks(10, 1), METRICS, max_ahead=3)
    taken = [queue.take() for _ in range(4)]
    assert [p and p.chunk.start for p in taken] == [0, 1, 2, None]
    first, _, third = taken[:3]
    assert first is not None
    assert third is not None
    queue.finish(third, compute(list(third.samples)))
    assert (list(queue.pop_finished()), queue.take()) == ([], None)
    queue.finish(first, compute(list(first.samples)))
    assert [chunk.start for chunk, _ in queue.pop_finished()] == [0]
    following = queue.take()
    assert following is not None
    assert following.chunk.start == 3


def test_what_is_missing_when_a_run_ends_is_skipped_in_its_place() -> None:
    """Of a chunk that was split, the parts that were finished stay."""
    queue = PieceQueue(chunks(24, 16), METRICS, max_ahead=2)
    for _ in range(2):
        piece = queue.take()
        assert piece is not None
        queue.report_death(piece)
    parts = [queue.take() for _ in range(2)]
    for part in parts[1:]:
        assert isinstance(part, Piece)
        queue.finish(part, compute(list(part.samples)))
    queue.close(INTERRUPTED)
    assert queue.take() is None
    found = [(chunk.start, result) for chunk, result in queue.pop_finished()]
    assert queue.is_done
    assert rows_of(found) == ["" if i in (2, 3) else SkipCode.INTERRUPTED for i in range(24)]


@pytest.mark.parametrize(("start", "stop", "text"), [(3, 5, "samples 43 to 44"), (3, 4, "sample 43 (clip43)")])
def test_piece_names_its_samples(start: int, stop: int, text: str) -> None:
    """By position in the run, and one alone by its id too."""
    chunk = chunks(60, 20)[2]
    assert str(Piece(chunk=chunk, offset=start, samples=chunk.samples[start:stop])) == text


def test_workers_that_die_over_everything_end_the_search() -> None:
    """A machine that is broken costs two workers a chunk in the end, not one for every sample."""
    found, num_deaths = run(PieceQueue(chunks(200, 50), METRICS, max_ahead=4), {f"clip{i}" for i in range(200)})
    assert rows_of(found) == [SkipCode.WORKER_DIED] * 200
    assert num_deaths < 60


def test_piece_that_was_taken_back_waits_for_whom_it_may_go_to() -> None:
    """Others get new chunks meanwhile."""
    queue = PieceQueue(chunks(2, 1), METRICS, max_ahead=2)
    piece = queue.take()
    assert piece is not None
    queue.report_death(piece)
    other = queue.take(lambda _: False)
    assert other is not None
    assert other.chunk is not piece.chunk
    assert queue.take(lambda _: False) is None
    assert not queue.is_empty
    retried = queue.take(lambda p: p.num_deaths == 1)
    assert retried is not None
    assert retried.chunk is piece.chunk
    assert queue.is_empty


@pytest.mark.parametrize("lose", [PieceQueue.report_death, PieceQueue.move])
def test_nothing_is_handed_out_beside_what_was_lost(lose: Callable[[PieceQueue, Piece], None]) -> None:
    """Neither to who has something else, nor beside it: it must be clear what kills. What is new flows."""
    queue = PieceQueue(chunks(4, 1), METRICS, max_ahead=4)
    lost, held = queue.take(), queue.take()
    assert lost is not None
    assert held is not None
    lose(queue, lost)
    beside = queue.take(held=[held])
    assert beside is not None
    assert beside.chunk.start == 2
    alone = queue.take(held=[])
    assert alone is not None
    assert alone.chunk is lost.chunk
    assert queue.take(held=[alone]) is None
    assert queue.take(held=[held, beside]) is not None


def test_chunks_get_smaller_towards_the_end() -> None:
    """The last are so small that nobody waits long for them; a small set is spread over all workers."""
    sizes = list(falling_sizes(1000, most=128, num_workers=2))
    assert sum(sizes) == 1000
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-3:]) == (125, [16, 16, 16])
    assert list(falling_sizes(7, most=128, num_workers=2)) == [2, 2, 2, 1]
    assert list(falling_sizes(1, most=128, num_workers=8)) == [1]
    assert list(falling_sizes(0, most=128, num_workers=2)) == []


@pytest.mark.parametrize("num_workers", [1, 2, 3, 8])
def test_no_small_rest_is_a_chunk_of_its_own(num_workers: int) -> None:
    """Whatever is left at the end is shared evenly, unless the set is so small that all have less."""
    for num_samples in range(32 * num_workers, 300):
        sizes = list(falling_sizes(num_samples, most=128, num_workers=num_workers))
        assert (sum(sizes), sizes) == (num_samples, sorted(sizes, reverse=True))
        assert min(sizes) >= 13
