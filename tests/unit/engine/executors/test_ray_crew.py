"""Workers that want pieces, have several, and are lost with them; the cluster is a fake, see `test_ray_executor.py`."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors import ray_crew
from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.messages import ChunkDone, ChunkShare, RunStopped, WantsChunk, WorkerWarning
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.ray_crew import Crew
from avmeter.engine.executors.ray_slot import Advanced, Event, Finished, Lost, Slot
from avmeter.engine.run_log import logged
from avmeter.errors import UsageError
from avmeter.sample import Sample
from support.fake_ray import Actor, ActorDiedError, ActorUnavailableError, Cluster, RayTaskError

PIECES = [
    Piece(chunk=Chunk(start=i, samples=[Sample(id=str(i))]), offset=0, samples=[Sample(id=str(i))]) for i in range(4)
]


def crew_of(cluster: Cluster) -> Crew:
    crew = Crew(cluster, EvaluatorConfig(executor="ray", device="cpu"))  # type: ignore[arg-type]
    crew.start()
    return crew


def started(cluster: Cluster) -> tuple[Crew, list[Slot]]:
    """A crew whose workers all want a piece."""
    crew = crew_of(cluster)
    for actor in cluster.actors:
        actor.start()
        news(crew)
        actor.ask_for_work()
        news(crew)
    return crew, crew.waiting()


def news(crew: Crew) -> list[Event]:
    return list(crew.poll(0.0))


def give(slot: Slot, *pieces: Piece) -> Actor:
    for piece in pieces:
        slot.give(piece, "work", run=1)
    actor: Actor = slot.actor
    return actor


def done(piece: Piece) -> ChunkDone:
    return ChunkDone(number=piece.chunk.start, result=ChunkResult(rows=[{}]), counts=Counts(), log="a traceback")


def test_worker_that_wants_a_piece_waits_for_it_and_who_has_none_comes_first() -> None:
    """A wish stays until it is met, whatever else there is to tell."""
    crew, (first, second) = started(Cluster("a", "b"))
    actor = give(first, PIECES[0])
    assert crew.waiting() == [second]
    actor.answer("news", [WantsChunk(), ChunkShare(number=0, share=0.5)])
    assert news(crew) == [Advanced(piece=PIECES[0], share=0.5)]
    assert crew.waiting() == [second, first]
    give(second, PIECES[1])
    give(first, PIECES[2])
    assert crew.waiting() == []


def test_pieces_are_finished_one_by_one(caplog: pytest.LogCaptureFixture) -> None:
    """The worker goes on with the other; its warnings and tracebacks are in the run's log."""
    crew, (slot,) = started(Cluster("a"))
    give(slot, PIECES[0], PIECES[1]).answer("news", [WorkerWarning(text="halved"), done(PIECES[0])])
    with logged() as log:
        (event,) = news(crew)
    assert "the worker on a logged:\na traceback" in log.take()
    assert isinstance(event, Finished)
    assert (event.piece, event.slot.device) == (PIECES[0], "cpu")
    assert list(slot.pieces.values()) == [PIECES[1]]
    assert "a: halved" in caplog.text


@pytest.mark.parametrize(("error", "is_blamed"), [(ActorDiedError("killed"), True), (ActorUnavailableError(), False)])
def test_all_that_a_worker_had_is_lost_at_once(
    error: Exception, is_blamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In one event, so that the death counts once; a node that cannot be reached is no piece's fault."""
    crew, (slot, other) = started(Cluster("a", "b"))
    give(other, PIECES[3])
    give(slot, PIECES[0], PIECES[1]).answer("news", error)
    assert news(crew) == [Lost(slot=slot, pieces=[PIECES[0], PIECES[1]], is_blamed=is_blamed)]
    assert "sample 0 (0) and sample 1 (1)" in caplog.text
    assert (slot.pieces, slot.actor) == ({}, None)
    assert list(other.pieces.values()) == [PIECES[3]]


def test_nodes_die_and_join_while_their_workers_have_pieces() -> None:
    """What a dead node had is moved, not blamed; its place is gone, and that of a new one is there."""
    cluster = Cluster("a", "b")
    crew, (slot, other) = started(cluster)
    give(slot, PIECES[0], PIECES[1]).answer("news", ActorDiedError("lost"))
    cluster.names = ["b", "c"]
    assert news(crew) == [Lost(slot=slot, pieces=PIECES[:2], is_blamed=False)]
    crew.refresh(at_once=True)
    crew.start()
    joined = cluster.actors[-1]
    assert (joined.node.id, crew.num_slots) == ("c", 2)
    joined.start()
    news(crew)
    joined.ask_for_work()
    news(crew)
    assert {slot.node.id for slot in crew.waiting()} == {"b", "c"}
    assert other in crew.waiting()


def test_piece_that_cannot_be_read_on_a_node_is_lost() -> None:
    """The news do not tell of it: the call that brought it does."""
    crew, (slot,) = started(Cluster("a"))
    actor = give(slot, PIECES[0])
    actor.answer("give", RayTaskError(ModuleNotFoundError("no module of the metric")))
    assert news(crew) == [Lost(slot=slot, pieces=[PIECES[0]], is_blamed=True)]
    assert actor.is_killed


def test_node_that_is_no_good_for_the_run_is_refused() -> None:
    """What its worker had is for others."""
    crew, (slot, other) = started(Cluster("a", "b"))
    give(slot, PIECES[0]).answer("news", RayTaskError(UsageError("the store is not writable")))
    assert news(crew) == [Lost(slot=slot, pieces=[PIECES[0]], is_blamed=False)]
    assert crew.refusals == {"a": "a: the store is not writable"}
    assert crew.ready() == [other]


@pytest.mark.parametrize("error", [ActorDiedError("no memory"), RayTaskError(ImportError("libcudnn"))])
@pytest.mark.parametrize("is_fit", [False, True])
def test_place_where_no_worker_gets_to_work_is_given_up(error: Exception, *, is_fit: bool) -> None:
    """Before it has described itself, or when it loads what it computes with: twice, and not for ever."""
    cluster = Cluster("a")
    crew = crew_of(cluster)
    for _ in range(2):
        crew.start()
        if is_fit:
            cluster.actors[-1].start()
            news(crew)
        cluster.actors[-1].answer("news" if is_fit else "describe", error)
        assert news(crew) == []
    assert (crew.num_slots, len(cluster.actors)) == (0, 2)


def test_stopped_workers_hand_in_what_they_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that says so stays for the next run; the one that is busy is ended; an idle one hears nothing of it."""
    clock = itertools.count()
    monkeypatch.setattr(ray_crew, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(ray_crew, "_STOP_GRACE_S", 10)
    crew, (quick, busy, idle) = started(Cluster("a", "b", "c"))
    actors: list[Actor] = [give(quick, PIECES[0], PIECES[1]), give(busy, PIECES[2]), idle.actor]
    actors[0].answer("news", [done(PIECES[0]), RunStopped(), WantsChunk()])
    (event,) = crew.stop(1)
    assert isinstance(event, Finished)
    assert [len(actor.calls["stop"]) for actor in actors] == [1, 1, 0]
    assert [actor.is_killed for actor in actors] == [False, True, False]
    assert crew.waiting() == [quick, idle]
    assert quick.pieces == {}
