"""Equal settings of the process are shared by threads, others wait for their turn, and nobody's get mixed up."""

import random
import threading
import time

import pytest

from avmeter.errors import UsageError
from avmeter.runtime.shared_settings import SharedSettings


class Process:
    """A process with one setting."""

    def __init__(self):
        self.value = "own"
        self.settings = SharedSettings(lambda: self.value, self._write)

    def _write(self, value):
        self.value = value


@pytest.fixture
def process():
    return Process()


def started(target):
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_threads_with_equal_settings_hold_them_together(process):
    """Neither waits for the other's end; the program's own return with the last."""
    both = threading.Barrier(2, timeout=120)

    def run():
        with process.settings.held("strict"):
            both.wait()
            assert process.value == "strict"
            both.wait()

    threads = [started(run), started(run)]
    for thread in threads:
        thread.join(120)
    assert not both.broken
    assert process.value == "own"


def test_different_settings_never_mix_and_all_have_their_turn(process):
    """Under many threads of two kinds each sees its own from beginning to end."""
    wrong, done = [], []

    def run(kind):
        for _ in range(5):
            with process.settings.held(kind) as before:
                for _ in range(3):
                    if process.value != kind or before != "own":
                        wrong.append((kind, process.value, before))
                    time.sleep(random.random() / 1000)
            done.append(kind)

    threads = [started(lambda kind=kind: run(kind)) for kind in "abab"]
    for thread in threads:
        thread.join(120)
    assert wrong == []
    assert len(done) == 20
    assert process.value == "own"


def test_kind_that_waits_is_not_passed_by_those_that_came_later(process):
    """A stream of runs of one kind does not keep the other out for ever."""
    order, has_entered = [], threading.Event()

    def run(kind):
        with process.settings.held(kind):
            order.append(kind)
            has_entered.set()

    with process.settings.held("a"):
        waits = started(lambda: run("b"))
        time.sleep(0.1)
        late = started(lambda: run("a"))
        time.sleep(0.1)
        assert not has_entered.is_set()
    waits.join(120)
    late.join(120)
    assert order == ["b", "a"]


def test_thread_may_hold_others_within_and_nobody_enters_meanwhile(process):
    """A run inside of a callback of a run: the outer settings hold again afterwards."""
    seen = []

    def run():
        with process.settings.held("inner"):
            seen.append(process.value)

    with process.settings.held("outer"):
        with process.settings.held("outer"):
            assert process.value == "outer"
        with process.settings.held("inner"):
            other = started(run)
            time.sleep(0.05)
            assert process.value == "inner"
            assert seen == []
        assert process.value == "outer"
        time.sleep(0.05)
        assert seen == []
    other.join(120)
    assert seen == ["inner"]
    assert process.value == "own"


def test_threads_that_would_wait_for_each_other_are_refused(process):
    """Two that hold one kind and both want another within: one is told, the other goes on."""
    both, outcomes = threading.Barrier(2, timeout=120), []

    def run():
        with process.settings.held("outer"):
            both.wait()
            try:
                with process.settings.held("inner"):
                    outcomes.append(process.value)
            except UsageError as error:
                outcomes.append(type(error))

    threads = [started(run), started(run)]
    for thread in threads:
        thread.join(120)
    assert sorted(map(str, outcomes)) == ["<class 'avmeter.errors.UsageError'>", "inner"]
    assert process.value == "own"


def test_waiting_that_is_interrupted_leaves_no_trace(process):
    """Ctrl-C: the next ones are not kept out by somebody who is gone."""

    def interrupted():
        raise KeyboardInterrupt

    holds, release = threading.Event(), threading.Event()

    def run():
        with process.settings.held("a"):
            holds.set()
            release.wait(120)

    thread = started(run)
    holds.wait(120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: interrupted())
        with pytest.raises(KeyboardInterrupt), process.settings.held("b"):
            pass
    with process.settings.held("a"):
        assert process.value == "a"
    release.set()
    thread.join(120)
    assert process.value == "own"
