"""Items are taken ahead of time, but only those that were asked for."""

import threading

import pytest

from avmeter.engine.compute.prefetch import Prefetch


def numbers(taken):
    for number in range(3):
        taken.append((number, threading.get_ident()))
        yield number


def test_items_are_taken_in_order_in_another_thread():
    """One for each time that one is asked for."""
    taken = []
    found = Prefetch(numbers(taken))
    assert (found.get(), taken) == (None, [])
    for number in range(3):
        found.ask()
        found.ask()
        assert found.get(10) == number
    assert not found.is_asked
    found.ask()
    assert found.get(10) is None
    assert found.has_ended
    assert [n for n, _ in taken] == [0, 1, 2]
    assert threading.get_ident() not in {ident for _, ident in taken}


def test_item_that_has_not_come_is_not_waited_for():
    """The thread that asks goes on with its own work."""
    release = threading.Event()
    found = Prefetch(iter(lambda: release.wait(120), None))
    found.ask()
    assert found.get() is None
    assert found.is_asked
    release.set()
    assert found.get(10) is True


def test_failure_of_the_iterator_is_raised_where_the_item_is_waited_for():
    """And ends it."""

    def failing():
        raise OSError("gone")
        yield

    found = Prefetch(failing())
    found.ask()
    with pytest.raises(OSError, match="gone"):
        found.get(10)
    assert found.has_ended


def test_closed_one_takes_nothing_more():
    """Its thread ends."""
    taken = []
    found = Prefetch(numbers(taken))
    found.close()
    found.ask()
    assert found.get(0.1) is None
    assert taken == []
