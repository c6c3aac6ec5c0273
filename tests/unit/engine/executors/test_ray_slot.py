"""A place for a worker, and the pieces that its worker has."""

from __future__ import annotations

from avmeter.engine.executors.base import Chunk
from avmeter.engine.executors.pieces import Piece
from avmeter.engine.executors.ray_cluster import Node
from avmeter.engine.executors.ray_slot import Slot
from avmeter.sample import Sample
from support.fake_ray import Actor

NODE = Node(id="a", address="10.0.0.7", num_cpus=1, num_gpus=0)
SAMPLES = [Sample(id=str(i)) for i in range(8)]


def piece(start: int, offset: int = 0) -> Piece:
    return Piece(
        chunk=Chunk(start=start, samples=SAMPLES[start:]), offset=offset, samples=SAMPLES[start + offset :][:2]
    )


def test_pieces_are_given_by_numbers_of_their_own() -> None:
    """Several at once, parts of one chunk among them; a wish is met by one."""
    slot = Slot(node=NODE, actor=Actor(NODE), wants_piece=True)
    pieces = [piece(0), piece(2), piece(2, offset=4)]
    for one in pieces:
        slot.give(one, "work", run=7)
    assert list(slot.pieces.values()) == pieces
    assert not slot.wants_piece
    calls = [arguments for arguments, _ in slot.actor.calls["give"]]
    assert calls == [("work", number, list(p.samples), 7) for number, p in zip((0, 2, 6), pieces, strict=True)]
    assert slot.given == [reference for _, reference in slot.actor.calls["give"]]


def test_place_is_as_new_once_its_worker_is_gone() -> None:
    """But for how many were lost there; all that the worker had is handed back, in order."""
    actor = Actor(NODE)
    slot = Slot(node=NODE, actor=actor, is_ready=True, wants_piece=True, num_losses=2)
    pieces = [piece(2), piece(0)]
    for one in pieces:
        slot.give(one, "work", run=1)
    slot.stop(1)
    assert slot.vacate() == (pieces, actor)
    assert vars(slot) == vars(Slot(node=NODE, num_losses=2))
