"""Batches run side by side on the CPU, in threads that leave nothing behind."""

from __future__ import annotations

import _thread
import gc
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from avmeter.engine.compute.batching import Batch, WindowId
from avmeter.engine.compute.lanes import Lanes
from avmeter.features.base import Window
from avmeter.runtime import CoreShare, Runtime

WEIGHTS: Any = SimpleNamespace(is_dummy=True)


def lanes_of(run, *, num_lanes: int = 2, threads: int = 1, precision: str = "float32") -> Lanes:
    on = Runtime(device=torch.device("cpu"), precision=precision, weights=WEIGHTS)
    on.cores = CoreShare(num_lanes=num_lanes, threads=threads)
    return Lanes(on, run)


def batch(number: int) -> Batch:
    extractor: Any = None
    return Batch(extractor, (WindowId(number, 0),), (Window(inputs={}),))


def through(lanes: Lanes, count: int) -> dict[int, Any]:
    """Push so many batches; return job -> outputs."""
    found = [pair for number in range(count) for pair in lanes.push(batch(number))]
    found += lanes.drain()
    return {done.ids[0].job: outputs for done, outputs in found}


def test_as_many_batches_run_at_once_as_there_are_lanes() -> None:
    """Two batches that wait for each other both end."""
    meeting = threading.Barrier(2)
    lanes = lanes_of(lambda b: meeting.wait(timeout=120) >= 0)
    assert through(lanes, 4) == dict.fromkeys(range(4), True)


def test_every_batch_comes_back_once_with_its_own_outputs() -> None:
    """Whatever the order in which they end."""
    lanes = lanes_of(lambda b: time.sleep(0.001 * (b.ids[0].job % 3)) or b.ids[0].job * 2, num_lanes=3)
    assert through(lanes, 50) == {number: number * 2 for number in range(50)}


def test_batches_wait_in_the_hands_of_who_makes_them() -> None:
    """No more than two batches for each lane are unfinished: their windows hold memory."""
    begun: list[int] = []
    release = threading.Event()
    lanes = lanes_of(lambda b: (begun.append(b.ids[0].job), release.wait(120)))
    for number in range(4):
        assert list(lanes.push(batch(number))) == []
    threading.Timer(0.1, release.set).start()
    assert list(lanes.push(batch(4)))  # had to wait for one
    list(lanes.drain())


def test_each_lane_has_its_own_number_of_torch_threads_and_others_keep_theirs() -> None:
    """Threads that start later, too."""
    before = torch.get_num_threads()
    found = through(lanes_of(lambda b: torch.get_num_threads(), threads=3), 6)
    assert set(found.values()) == {3}
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), later) == (before, [before])


def test_half_precision_reaches_every_lane() -> None:
    """Autocast is a setting of a thread."""
    lanes = lanes_of(lambda b: (torch.ones(2, 2) @ torch.ones(2, 2)).dtype, precision="bf16")
    assert set(through(lanes, 4).values()) == {torch.bfloat16}


def test_fault_of_a_lane_is_raised_where_the_run_waits() -> None:
    """A fault of the program, that is: failures of windows are outputs."""

    def fail(_: Batch) -> None:
        raise KeyError("a fault")

    lanes = lanes_of(fail)
    with pytest.raises(KeyError, match="a fault"):
        through(lanes, 3)


def test_lanes_end_with_who_uses_them() -> None:
    """Also when a run breaks off over batches that wait; what waits is not run any more."""
    seen: list[int] = []
    started, release = threading.Event(), threading.Event()

    def run(b: Batch) -> None:
        seen.append(b.ids[0].job)
        started.set()
        release.wait(120)

    before = _thread._count()  # these threads are no `threading.Thread`
    lanes = lanes_of(run, num_lanes=1)
    for number in range(2):
        list(lanes.push(batch(number)))
    assert started.wait(120)
    del lanes
    gc.collect()
    release.set()
    deadline = time.monotonic() + 120
    while _thread._count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert seen == [0]


def test_stop_ends_the_wait_for_a_batch() -> None:
    """A network that takes minutes keeps nobody from writing what is finished; its outputs are nobody's."""
    may_end, is_stopped = threading.Event(), threading.Event()

    def run(item: Batch) -> int:
        if item.ids[0].job:
            is_stopped.set()  # the first is there, and the second is waited for
            may_end.wait(120)
        return item.ids[0].job

    on = Runtime(device=torch.device("cpu"), precision="float32", weights=WEIGHTS)
    on.cores = CoreShare(num_lanes=1, threads=1)
    lanes = Lanes(on, run, is_stopped.is_set)
    found = [outputs for number in range(4) for _, outputs in lanes.push(batch(number))]
    found += [outputs for _, outputs in lanes.drain()]
    assert found == [0]
    may_end.set()


def test_program_that_ends_in_the_middle_of_a_batch_is_not_aborted() -> None:
    """As after Ctrl-C: the batch is waited for, what waits behind it is not run."""
    program = """
    import threading, time, torch
    from types import SimpleNamespace
    from avmeter.engine.compute.batching import Batch, WindowId
    from avmeter.engine.compute.lanes import Lanes
    from avmeter.features.base import Window
    from avmeter.runtime import CoreShare, Runtime

    started = threading.Event()
    def run(batch):
        matrix = torch.ones(64, 64)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            matrix @ matrix
            started.set()
        print(batch.ids[0].job, flush=True)

    on = Runtime(device=torch.device("cpu"), precision="float32", weights=SimpleNamespace(is_dummy=True))
    on.cores = CoreShare(num_lanes=1, threads=1)
    lanes = Lanes(on, run)
    for number in range(2):
        list(lanes.push(Batch(None, (WindowId(number, 0),), (Window(inputs={}),))))
    started.wait(120)
    raise SystemExit(7)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (7, "0\n", "")
