"""Every chunk is computed once, by whoever is there; none is tried for ever."""

import threading

import pytest

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.scheduler import ChunkScheduler
from avmeter.errors import SkipCode
from avmeter.sample import Sample
from support.engine import MeanMetric


@pytest.fixture
def chunks():
    return [Chunk(start=start, samples=[Sample(id=str(start))]) for start in range(4)]


def scheduler_of(chunks, *workers):
    made = ChunkScheduler(chunks, {"test.mean": MeanMetric()})
    for worker in workers:
        made.register(worker)
    return made


def test_chunks_are_handed_out_in_order_and_once(chunks):
    """To whoever asks next."""
    scheduler = scheduler_of(chunks, "a", "b")
    assert [scheduler.next_chunk(w) for w in "ab"] == chunks[:2]
    scheduler.finish("b", chunks[1], ChunkResult())
    assert scheduler.next_chunk("b") is chunks[2]


def test_chunk_whose_worker_died_goes_to_another(chunks):
    """The one that died over it does not get it again while there is another."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    assert scheduler.next_chunk("a") is chunks[0]
    scheduler.report_death("a", chunks[0], "cuda:0")
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(scheduler.next_chunk("a")))
    thread.start()
    assert scheduler.next_chunk("b") is chunks[0]
    result = ChunkResult()
    scheduler.finish("b", chunks[0], result)
    thread.join(10)
    assert waiting == [None]
    assert scheduler.result(chunks[0]) is result


def test_chunk_that_two_workers_died_over_is_skipped(chunks):
    """It is tried no third time."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    for worker in "ab":
        assert scheduler.next_chunk(worker) is chunks[0]
        scheduler.report_death(worker, chunks[0], "cuda:0")
    (row,) = scheduler.result(chunks[0]).rows
    assert row["test.mean"].skip.code == SkipCode.WORKER_DIED
    assert "2 times" in row["test.mean"].skip.reason
    assert scheduler.next_chunk("a") is None


def test_worker_that_dies_again_and_again_gets_nothing_more(chunks):
    """The others do what is left; alone it goes on."""
    scheduler = scheduler_of(chunks, "a", "b")
    for _ in range(3):
        scheduler.report_death("a", scheduler.next_chunk("a"), "cuda:0")
    assert scheduler.next_chunk("a") is None
    for _ in chunks:
        scheduler.finish("b", scheduler.next_chunk("b"), ChunkResult())
    assert scheduler.next_chunk("b") is None


def test_worker_that_cannot_begin_leaves_its_chunk_to_the_others(chunks, caplog):
    """And gets no other; a chunk that nobody began has no result, and is left to the run."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    scheduler.report_failed_start("a", scheduler.next_chunk("a"), "no worker on cuda:0")
    assert scheduler.next_chunk("a") is None
    scheduler.report_failed_start("b", scheduler.next_chunk("b"), "no worker on cuda:1")
    assert scheduler.next_chunk("b") is None
    assert scheduler.result(chunks[0]) is None
    assert "no worker on cuda:0" in caplog.text


def test_chunk_that_killed_a_worker_is_not_left_to_the_run(chunks):
    """It could end the run's own process."""
    scheduler = scheduler_of(chunks[:1], "a")
    scheduler.report_death("a", scheduler.next_chunk("a"), "cuda:0")
    scheduler.report_failed_start("a", scheduler.next_chunk("a"), "no worker on cuda:0")
    assert scheduler.result(chunks[0]).rows[0]["test.mean"].skip.code == SkipCode.WORKER_DIED


def test_news_come_until_every_worker_has_left(chunks):
    """Shares of chunks in the order in which they were told."""
    scheduler = scheduler_of(chunks[:2], "a", "b")
    scheduler.report_progress(chunks[0], 0.5)
    scheduler.finish("a", chunks[0], ChunkResult())
    scheduler.unregister("a")
    scheduler.unregister("b")
    assert list(scheduler.wait()) == [(chunks[0], 0.5), (chunks[0], 1.0)]


def test_fault_of_the_run_stops_everybody_and_is_raised(chunks):
    """Workers that wait are woken."""
    scheduler = scheduler_of(chunks[:1], "a", "b")
    scheduler.next_chunk("a")
    thread = threading.Thread(target=scheduler.next_chunk, args=("b",))
    thread.start()
    scheduler.fail(RuntimeError("broken"))
    thread.join(10)
    assert not thread.is_alive()
    scheduler.unregister("a")
    scheduler.unregister("b")
    with pytest.raises(RuntimeError, match="broken"):
        list(scheduler.wait())


def test_run_that_stops_waits_for_no_news(chunks):
    """No worker has to leave first."""
    scheduler = ChunkScheduler(chunks, {})
    scheduler.register("a")
    assert list(scheduler.wait(lambda: True)) == []
