"""Arrays in common memory are read where they lie, and their place is used again once nobody reads them."""

import gc
import os
import socket

import numpy as np
import pytest

from avmeter.engine.ipc.arena import Arena, ArenaWriter
from avmeter.engine.ipc.channel import Channel
from support import require

pytestmark = require.needs("system", hasattr(os, "memfd_create"), "no memory files on this system")


@pytest.fixture
def arena() -> Arena:
    return Arena(1 << 20)


@pytest.fixture
def writer(arena: Arena) -> ArenaWriter:
    return ArenaWriter(os.dup(arena.descriptor))


@pytest.fixture
def ends(arena: Arena):
    """The run's end, and that of its process, which was lent the arena."""
    run, process = (Channel(end) for end in socket.socketpair())
    run.lend(arena)
    run.send("task")
    assert process.receive() == "task"
    yield run, process
    run.close()
    process.close()


def write(writer: ArenaWriter, value: int, num_bytes: int) -> int | None:
    return writer.write(memoryview(np.full(num_bytes, value, np.uint8)), timeout_s=0.0)


def test_blocks_do_not_overlap_and_come_free_one_by_one(arena: Arena, writer: ArenaWriter) -> None:
    """Whichever is let go of first: a block that stays for long keeps nobody else waiting."""
    held = {}
    for value in range(200):
        number = write(writer, value, 300_000)
        if number is None:
            victim = min(held, key=lambda v: (v % 3, v))
            del held[victim]
            number = write(writer, value, 300_000)
        assert number is not None
        held[value] = arena.array(number, 300_000)
        assert all((array == v).all() for v, array in held.items())


def test_array_larger_than_the_arena_finds_no_room(writer: ArenaWriter) -> None:
    """And does not disturb the others."""
    assert write(writer, 1, 2 << 20) is None
    assert write(writer, 1, 1 << 20) is not None
    assert write(writer, 1, 1) is None


def test_views_keep_a_block(arena: Arena, writer: ArenaWriter) -> None:
    """The array itself may go before what was cut from it."""
    number = write(writer, 7, 600_000)
    view = arena.array(number, 600_000).reshape(600, 1000)[3:5].T
    gc.collect()
    assert write(writer, 8, 600_000) is None
    assert (view == 7).all()
    del view
    assert write(writer, 8, 600_000) is not None


def test_what_a_dead_process_left_is_free_for_the_next(arena: Arena, writer: ArenaWriter) -> None:
    """But for what the run still reads."""
    held = arena.array(write(writer, 1, 400_000), 400_000)
    assert write(writer, 2, 400_000) is not None
    arena.reclaim()
    successor = ArenaWriter(os.dup(arena.descriptor))
    assert write(successor, 3, 600_000) is not None
    assert (held == 1).all()


def test_large_arrays_of_messages_lie_in_the_arena_and_small_ones_do_not(arena: Arena, ends) -> None:
    """So do those that come again; values, shapes and types are kept."""
    run, process = ends
    frames = np.arange(210_000, dtype=np.float32).reshape(3, 70, 1000)
    for _ in range(2):
        process.send({"large": frames, "small": np.arange(5)})
    found, again = run.receive(), run.receive()
    np.testing.assert_array_equal(found["large"], frames)
    np.testing.assert_array_equal(found["small"], np.arange(5))
    assert found["large"].dtype == np.float32
    assert np.shares_memory(found["large"], arena.memory)
    assert np.shares_memory(found["large"], again["large"])
    assert not np.shares_memory(found["small"], arena.memory)


def test_arrays_that_find_no_room_come_through_the_socket(monkeypatch: pytest.MonkeyPatch, arena: Arena, ends) -> None:
    """A run whose batches hold all of the arena goes on."""
    from avmeter.engine.ipc import channel

    monkeypatch.setattr(channel, "_ROOM_WITHIN_S", 0.0)
    run, process = ends
    held = []
    for value in range(10):
        process.send(np.full(150_000, value, np.uint8))
        held.append(run.receive())
    assert [int(array[0]) for array in held] == list(range(10))
    assert [np.shares_memory(array, arena.memory) for array in held] == [True] * 6 + [False] * 4


def test_process_forked_from_the_run_frees_nothing(arena: Arena, writer: ArenaWriter) -> None:
    """Its copies of the arrays are not the run's."""
    array = arena.array(write(writer, 1, 600_000), 600_000)
    pid = os.fork()
    if pid == 0:
        del array
        os._exit(0)
    os.waitpid(pid, 0)
    assert write(writer, 2, 600_000) is None
