"""Every piece is computed once, by whoever is there; none is tried for ever."""

import threading

import pytest

from avmeter.engine.executors.base import Chunk, ChunkResult, cut
from avmeter.engine.executors.pieces import falling_sizes
from avmeter.engine.executors.scheduler import PieceScheduler
from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from support.engine import MeanMetric


@pytest.fixture
def chunks():
    return [Chunk(start=start, samples=[Sample(id=str(start))]) for start in range(4)]


def scheduler_of(chunks, *workers):
    made = PieceScheduler(chunks, {"test.mean": MeanMetric()})
    for worker in workers:
        made.register(worker)
    return made


def finish(scheduler, worker, piece):
    row = {"test.mean": MetricResult("test.mean", float(piece.samples[0].id))}
    scheduler.finish(worker, piece, ChunkResult(rows=[row] * len(piece.samples)))


def die(scheduler, worker):
    """Take one more piece, and die."""
    assert scheduler.next_piece(worker) is not None
    scheduler.report_death(worker, "cuda:0")


def codes(scheduler):
    """Code of the skip of each sample of the finished chunks, or nothing."""
    rows = [row["test.mean"] for _, result in scheduler.pop_finished() for row in result.rows]
    return [str(r.skip.code) if r.skip else "" for r in rows]


def test_chunks_are_handed_out_in_order_and_once(chunks):
    """To whoever asks next; they come back in order, each as soon as those before it are done."""
    scheduler = scheduler_of(chunks, "a", "b")
    pieces = [scheduler.next_piece(w) for w in "ab"]
    assert [p.chunk for p in pieces] == chunks[:2]
    finish(scheduler, "b", pieces[1])
    assert scheduler.pop_finished() == []
    assert scheduler.next_piece("b").chunk is chunks[2]
    finish(scheduler, "a", pieces[0])
    assert [chunk for chunk, _ in scheduler.pop_finished()] == chunks[:2]
    assert scheduler.pop_finished() == []


def test_piece_whose_worker_died_goes_to_another(chunks):
    """The one that died over it does not get it again while there is another."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    die(scheduler, "a")
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(scheduler.next_piece("a")))
    thread.start()
    piece = scheduler.next_piece("b")
    assert piece.chunk is chunks[0]
    finish(scheduler, "b", piece)
    thread.join(120)
    assert waiting == [None]
    assert codes(scheduler) == [""]


def test_sample_that_two_workers_died_over_is_skipped(chunks):
    """It is tried no third time."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    for worker in "ab":
        die(scheduler, worker)
    assert codes(scheduler) == ["worker_died"]
    assert scheduler.next_piece("a") is None


def test_deadly_sample_of_a_chunk_is_found_and_the_others_are_computed():
    """Whichever of two workers gets it; neither is left out for it."""
    samples = [Sample(id=str(i)) for i in range(100)]
    scheduler = scheduler_of([Chunk(start=0, samples=samples[:50]), Chunk(start=50, samples=samples[50:])], "a", "b")
    deaths = []

    def work(worker):
        while (piece := scheduler.next_piece(worker)) is not None:
            if {"0", "77"} & {s.id for s in piece.samples}:
                deaths.append(worker)
                scheduler.report_death(worker, "cuda:0")
            else:
                finish(scheduler, worker, piece)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert codes(scheduler) == ["worker_died" if i in (0, 77) else "" for i in range(100)]
    assert len(deaths) <= 10


def test_worker_that_dies_over_everything_is_not_asked_about_what_others_died_over(chunks):
    """Its word against a sample counts once: a device that is broken costs no sample beside the deadly one."""
    samples = [Sample(id=str(i)) for i in range(20)]
    scheduler = scheduler_of([Chunk(start=i, samples=samples[i : i + 4]) for i in range(0, 20, 4)], "broken", "good")
    die(scheduler, "broken")
    die(scheduler, "good")  # chunk 0 has the deadly sample 2
    for _ in range(3):  # the first death was the sample's
        die(scheduler, "broken")
    assert scheduler.next_piece("broken") is None
    scheduler.unregister("broken")
    while (piece := scheduler.next_piece("good")) is not None:
        if "2" in {s.id for s in piece.samples}:
            scheduler.report_death("good", "cuda:1")
        else:
            finish(scheduler, "good", piece)
    assert codes(scheduler) == ["worker_died" if i == 2 else "" for i in range(20)]


def test_worker_that_dies_again_and_again_gets_nothing_more(chunks):
    """The others do what is left; alone it goes on."""
    scheduler = scheduler_of(chunks, "a", "b")
    for _ in range(3):
        die(scheduler, "a")
    assert scheduler.next_piece("a") is None
    for _ in chunks:
        finish(scheduler, "b", scheduler.next_piece("b"))
    assert scheduler.next_piece("b") is None
    assert codes(scheduler) == [""] * 4


def test_worker_that_cannot_begin_leaves_its_piece_to_the_others(chunks, caplog):
    """And gets no other; a piece that nobody began is left to the run."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    assert scheduler.next_piece("a") is not None
    scheduler.report_failed_start("a", "no worker on cuda:0")
    assert scheduler.next_piece("a") is None
    assert scheduler.next_piece("b") is not None
    scheduler.report_failed_start("b", "no worker on cuda:1")
    assert scheduler.next_piece("b") is None
    piece = scheduler.take_leftover()
    assert piece.chunk is chunks[0]
    scheduler.finish_leftover(piece, ChunkResult(rows=[{}]))
    assert [chunk for chunk, _ in scheduler.pop_finished()] == chunks[:1]
    assert "no worker on cuda:0" in caplog.text


def test_worker_that_a_run_ended_while_it_started_is_no_news(chunks, caplog):
    """As little as that of one at work."""
    scheduler = scheduler_of(chunks[:1], "a")
    scheduler.next_piece("a")
    scheduler.close()
    scheduler.report_failed_start("a", "no worker on cuda:0")
    assert caplog.text == ""


def test_piece_that_killed_a_worker_is_not_left_to_the_run(chunks):
    """It could end the run's own process."""
    scheduler = scheduler_of(chunks[:1], "a")
    die(scheduler, "a")
    assert scheduler.next_piece("a") is not None
    scheduler.report_failed_start("a", "no worker on cuda:0")
    assert scheduler.take_leftover() is None
    assert codes(scheduler) == ["worker_died"]


def test_news_come_until_every_worker_has_left(chunks):
    """Shares of chunks in the order in which they were reported."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    piece = scheduler.next_piece("a")
    scheduler.report_progress(piece, 0.5)
    finish(scheduler, "a", piece)
    scheduler.unregister("a")
    scheduler.unregister("b")
    assert list(scheduler.wait()) == [(chunks[0], 0.5), (chunks[0], 1.0)]


def test_fault_of_the_run_stops_everybody_and_is_raised(chunks):
    """Workers that wait are woken."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    scheduler.next_piece("a")
    thread = threading.Thread(target=scheduler.next_piece, args=("b",))
    thread.start()
    scheduler.fail(RuntimeError("broken"))
    thread.join(120)
    assert not thread.is_alive()
    scheduler.unregister("a")
    scheduler.unregister("b")
    with pytest.raises(RuntimeError, match="broken"):
        list(scheduler.wait())


def test_run_that_stops_waits_for_no_news(chunks):
    """No worker has to leave first."""
    scheduler = PieceScheduler(chunks, {})
    scheduler.register("a")
    assert list(scheduler.wait(lambda: True)) == []


def test_worker_with_a_piece_gets_another_and_does_not_wait_for_one(chunks):
    """It says so when it has begun all it has; where there is none, it goes on with what it has."""
    scheduler = scheduler_of(chunks[:3], "a", "b")
    pieces = [scheduler.next_piece(w) for w in "aab"]
    assert [p.chunk for p in pieces] == chunks[:3]
    assert scheduler.next_piece("a") is None
    finish(scheduler, "a", pieces[0])
    assert scheduler.next_piece("a") is None, "one that others have may come back, but it has work"
    finish(scheduler, "a", pieces[1])
    finish(scheduler, "b", pieces[2])
    assert [scheduler.next_piece(w) for w in "ab"] == [None, None]
    assert codes(scheduler) == [""] * 3


def test_all_that_a_worker_had_is_tried_again_each_alone(chunks):
    """Whichever of them killed it: it is found, and the others are computed."""
    scheduler = scheduler_of(chunks[:3], "a", "b")
    held = [scheduler.next_piece("a") for _ in range(2)]
    scheduler.report_death("a", "cuda:0")
    again = scheduler.next_piece("b")
    assert again.chunk is held[0].chunk
    assert scheduler.next_piece("b") is None, "beside one that somebody died over there is no other"
    finish(scheduler, "b", again)
    die(scheduler, "b")
    fresh = scheduler.next_piece("a")
    assert fresh.chunk is chunks[2]
    finish(scheduler, "a", fresh)
    assert codes(scheduler) == ["", "worker_died", ""]


def test_no_worker_idles_while_another_has_a_piece_that_it_has_not_begun():
    """In steps, with one card twice as fast; each asks for more once it has begun all it has, as workers do."""
    samples = [Sample(id=str(i)) for i in range(400)]
    scheduler = scheduler_of(cut(samples, falling_sizes(400, most=128, num_workers=2)), "slow", "fast")
    cards = [Card("slow", speed=1), Card("fast", speed=2)]
    ended_at = {}
    for step in range(1000):
        for card in cards:
            if not card.work(scheduler):
                ended_at.setdefault(card.name, step)
        for idle, other in (cards, cards[::-1]):
            if idle.name in ended_at:
                assert other.num_unbegun <= 16, "more than the piece that it has just begun"
    assert codes(scheduler) == [""] * 400
    assert abs(ended_at["slow"] - ended_at["fast"]) <= 16 + Card.depth, "longer than the last piece takes"


class Card:
    """A worker whose clips take a while: so many are under way at once, `speed` of them are done in each step."""

    depth = 8

    def __init__(self, name, speed):
        self.name = name
        self.speed = speed
        self.pieces = []  # each with how many of its clips are not begun, and not done

    @property
    def num_unbegun(self):
        return sum(unbegun for _, unbegun, _ in self.pieces)

    def work(self, scheduler):
        """Take a step; return False if there is nothing left to do."""
        if not self.num_unbegun and (self.pieces or not scheduler._queue.is_empty):
            piece = scheduler.next_piece(self.name)
            if piece is not None:
                self.pieces.append([piece, len(piece.samples), len(piece.samples)])
        for _ in range(self.speed):
            for entry in self.pieces:
                under_way = sum(undone - unbegun for _, unbegun, undone in self.pieces)
                entry[1] -= min(entry[1], self.depth - under_way)
            if self.pieces:
                self.pieces[0][2] -= 1
            if self.pieces and not self.pieces[0][2]:
                finish(scheduler, self.name, self.pieces.pop(0)[0])
        return bool(self.pieces)


def test_what_a_worker_leaves_of_a_piece_is_for_the_run_itself():
    """No worker gets it; the run takes it in the order of the set, and knows which share of the chunk is done."""
    samples = [Sample(id=str(i)) for i in range(8)]
    scheduler = scheduler_of([Chunk(start=0, samples=samples[:4]), Chunk(start=4, samples=samples[4:])], "a")
    first, second = (scheduler.next_piece("a") for _ in range(2))
    row = {"test.mean": MetricResult("test.mean", 1.0)}
    scheduler.finish_parts("a", second, {})
    scheduler.finish_parts("a", first, {1: ChunkResult(rows=[row] * 2)})
    assert scheduler.next_piece("a") is None
    assert scheduler.pop_finished() == []
    left = []
    while (piece := scheduler.take_leftover()) is not None:
        left.append([s.id for s in piece.samples])
        if len(left) == 1:
            assert scheduler.share_done(piece, 0.0) == 0.5
            assert scheduler.share_done(piece, 1.0) == 0.75
        scheduler.finish_leftover(piece, ChunkResult(rows=[row] * len(piece.samples)))
    assert left == [["0"], ["3"], ["4", "5", "6", "7"]]
    assert [len(result.rows) for _, result in scheduler.pop_finished()] == [4, 4]


def test_what_a_worker_left_is_skipped_where_the_run_stops():
    """It is not handed out any more."""
    scheduler = scheduler_of([Chunk(start=0, samples=[Sample(id="0"), Sample(id="1")])], "a")
    row = {"test.mean": MetricResult("test.mean", 1.0)}
    scheduler.finish_parts("a", scheduler.next_piece("a"), {0: ChunkResult(rows=[row])})
    scheduler.skip_unfinished(Skip(code=SkipCode.INTERRUPTED, reason="stopped"))
    assert scheduler.take_leftover() is None
    assert codes(scheduler) == ["", "interrupted"]
