"""Results by future."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import pytest
import torch

from avmeter.errors import ManifestError, SkipCode, UsageError
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from avmeter.training.background import BackgroundEvaluator, BackgroundWorker, OwnStream
from support.levels import RATE, Level, samples_of

pytestmark = pytest.mark.usefixtures("level_metrics")
WITHIN_S = 20


class Gate(Level):
    """A level that is not there before somebody opens the gate."""

    opened = threading.Event()
    entered = threading.Event()

    def compute(self, sample):
        Gate.entered.set()
        assert Gate.opened.wait(WITHIN_S)
        return super().compute(sample)


@pytest.fixture
def gated() -> Evaluator:
    Gate.opened.clear()
    Gate.entered.clear()
    register("user.gate")(Gate)
    return Evaluator(["user.gate"], "cpu")


def test_results_are_those_of_evaluate() -> None:
    """In the order of the calls."""
    evaluator = Evaluator(["user.level", "user.spread"], "cpu")
    with BackgroundEvaluator(evaluator) as background:
        futures = [background.submit(samples_of(level, 0.5)) for level in (0.1, 0.2)]
        found = [f.result(WITHIN_S).scalars() for f in futures]
    assert found == [evaluator.evaluate(samples_of(level, 0.5)).scalars() for level in (0.1, 0.2)]


def test_trainer_goes_on_and_may_change_its_tensors(gated: Evaluator) -> None:
    """What was submitted is a copy: optimisers work in place."""
    wave = torch.full((RATE,), 0.25)
    with BackgroundEvaluator(gated) as background:
        future = background.submit([{"audio": (wave, RATE)}])
        assert not future.done()
        wave.zero_()
        Gate.opened.set()
        assert future.result(WITHIN_S)[0]["user.gate"].score == pytest.approx(0.25)


def test_error_is_in_the_future_and_the_next_set_is_scored() -> None:
    """One that is wrong at once is raised at once."""
    with BackgroundEvaluator(Evaluator(["user.level"], "cpu")) as background:
        future = background.submit(samples_of(0.1), metrics=["user.none"])
        with pytest.raises(UsageError, match=r"user\.none"):
            future.result(WITHIN_S)
        assert background.submit(samples_of(0.1)).result(WITHIN_S)[0]["user.level"].score is not None
        with pytest.raises(ManifestError):
            background.submit([1, 2])  # type: ignore[list-item]


def test_number_of_those_that_wait_is_bounded(gated: Evaluator) -> None:
    """One is scored, one waits, and a third has no place."""
    background = BackgroundEvaluator(gated, max_pending=1)
    futures = [background.submit(samples_of(0.1)) for _ in range(2)]
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        background.submit(samples_of(0.1), timeout_s=0.05)
    Gate.opened.set()
    background.shutdown()
    assert all(f.done() for f in futures)


def test_shutdown_that_cancels_does_not_wait_for_all(gated: Evaluator) -> None:
    """What is scored ends with skips for the rest; what waits is cancelled; nothing more is taken."""
    background = BackgroundEvaluator(gated)
    running, waiting = background.submit(samples_of(0.1)), background.submit(samples_of(0.1))
    assert Gate.entered.wait(WITHIN_S)
    background.shutdown(cancel=True, wait=False)
    Gate.opened.set()
    assert running.result(WITHIN_S) is not None
    with pytest.raises(CancelledError):
        waiting.result(WITHIN_S)
    with pytest.raises(UsageError, match="shut down"):
        background.submit(samples_of(0.1))
    background.shutdown()


def test_stopped_evaluation_says_so_in_its_results() -> None:
    """`interrupted`, as on Ctrl-C."""
    evaluator = Evaluator(["audio.loudness"], "cpu")
    background = BackgroundEvaluator(evaluator)
    entered, opened = threading.Event(), threading.Event()
    background._worker.submit(lambda: (entered.set(), opened.wait(WITHIN_S)))
    assert entered.wait(WITHIN_S)
    stop = background._worker.should_stop
    future = background._worker.submit(lambda: evaluator.evaluate(samples_of(0.1), should_stop=lambda: True))
    opened.set()
    skip = future.result(WITHIN_S)[0]["audio.loudness"].skip
    assert skip is not None
    assert skip.code == SkipCode.INTERRUPTED
    assert not stop()
    background.shutdown()


def test_interrupt_of_the_trainer_ends_a_block(gated: Evaluator) -> None:
    """Ctrl-C in the loop is raised, not held up by what is scored."""
    futures = []

    def train() -> None:
        with BackgroundEvaluator(gated) as background:
            futures.append(background.submit(samples_of(0.1)))
            Gate.opened.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert [future.done() for future in futures] == [True]


def test_forgotten_worker_ends_its_thread() -> None:
    """No thread is left behind by whoever forgets to shut down."""
    worker = BackgroundWorker()
    assert worker.submit(lambda: 3).result(WITHIN_S) == 3
    thread = worker._thread
    del worker
    gc.collect()
    thread.join(WITHIN_S)
    assert not thread.is_alive()


def test_program_ends_though_work_is_under_way() -> None:
    """What runs is asked to stop, what waits is cancelled."""
    program = (
        "import time\nfrom avmeter.training.background import BackgroundWorker\nworker = BackgroundWorker()\n"
        "def run():\n    while not worker.should_stop():\n        time.sleep(0.01)\n"
        "worker.submit(run); worker.submit(lambda: print('begun'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_own_stream_is_made_current_and_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU; the CPU has none. Here the calls alone are seen: no GPU."""
    calls = []

    class Stream:
        def __init__(self, device):
            calls.append(("made", str(device)))

        def synchronize(self):
            calls.append("awaited")

    class Current:
        def __init__(self, stream):
            pass

        def __enter__(self):
            calls.append("current")

        def __exit__(self, *_):
            calls.append("left")

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", Current)
    with OwnStream(torch.device("cpu")).used(), OwnStream(None).used():
        calls.append("run")
    assert calls == ["run"]
    calls.clear()
    stream = OwnStream(torch.device("cuda:1"))
    for _ in range(2):
        with stream.used():
            calls.append("run")
    assert calls == [("made", "cuda:1"), *["current", "run", "left", "awaited"] * 2]
