"""Validation in a training loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from avmeter.training.rank_exchange import RanksError
from avmeter.training.trackers import ClipKind
from avmeter.training.validation import Validation, ValidationWarning
from support.levels import samples_of
from support.paths import ROOT, TESTS
from support.trackers import ListTracker

pytestmark = pytest.mark.usefixtures("level_metrics")

PROGRAM = """
import json, sys, time, warnings
import torch.distributed as dist
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from avmeter.training import FunctionTracker, Validation
from support.levels import Level, Spread, samples_of

register("user.level")(Level)
register("user.spread")(Spread)
dist.init_process_group("gloo")
rank = dist.get_rank()
folder, in_background = sys.argv[1], sys.argv[2] == "background"
logged = []
validation = Validation(
    Evaluator(["user.level", "user.spread"], "cpu"), every=10, in_background=in_background, timeout_s=6,
    trackers=[FunctionTracker(lambda scalars, step: logged.append([step, scalars]))],
)

def broken():
    raise RuntimeError("no memory")

def late():
    time.sleep(15)
    return samples_of(0.1)

found = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for step, make in {
        0: lambda: samples_of(*[[0.1, 0.2], [0.7]][rank]), 5: broken, 10: [lambda: samples_of(0.1), broken][rank],
        20: lambda: samples_of(*[[], [0.3, 0.4]][rank]), 30: [lambda: samples_of(0.1), late][rank],
        40: lambda: samples_of(0.1),
    }.items():
        result = validation(make, step=step)
        result = result.result(60) if hasattr(result, "result") else result
        found[step] = None if result is None else [len(result), result.corpus["user.spread"].score]
validation.close()
with open(f"{folder}/{rank}.json", "w") as file:
    json.dump([found, logged, [str(w.message) for w in caught if "not scored" in str(w.message)]], file)
dist.barrier()
dist.destroy_process_group()
"""


@pytest.mark.endurance
@pytest.mark.parametrize("place", ["foreground", "background"])
def test_ranks_have_the_set_of_all_and_none_waits_for_ever(tmp_path: Path, place: str) -> None:
    """One fails, one has no clips, one comes too late: both go on, with a warning, and rank 0 logs each step once."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{TESTS}", "OMP_NUM_THREADS": "1"}
    arguments = ["--standalone", "--nproc-per-node", "2", str(program), str(tmp_path), place]
    command = [sys.executable, "-m", "torch.distributed.run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    (found, logged, warned), (other, logged_there, _) = (
        json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)
    )
    assert found == other
    assert found["0"] == [3, pytest.approx(0.6)]
    assert found["20"] == [2, pytest.approx(0.1)]
    assert [step for step, result in found.items() if result is None] == ["5", "10", "30", "40"]
    assert [step for step, _ in logged] == [0, 20]
    assert logged_there == []
    assert [text.partition(":")[0] for text in warned] == ["step 10", "step 30", "step 40"]
    assert "rank 1: RuntimeError: no memory" in warned[0]
    assert "within 6 s" in warned[1]
    assert "lost each other" in warned[2]


def test_step_is_scored_when_due_and_logged_once() -> None:
    """Nothing is generated for the others."""
    tracker, made = ListTracker(ClipKind.AUDIO), []
    validation = Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker], every=2, num_worst=1)
    for step in (0, 1, 2, 2, 3):
        validation(lambda step=step: made.append(step) or samples_of(0.2), step=step)
    assert made == tracker.steps == [0, 2]
    assert tracker.clips.keys() == {"val/user.level/worst/0"}
    for every in (0, 1.5, None):
        with pytest.raises(UsageError, match=f"every={every}"):
            Validation(Evaluator(["user.level"], "cpu"), every=every)  # type: ignore[arg-type]


def broken():
    raise MemoryError("CUDA out of memory")


class Broken:
    def reset(self): ...
    def accumulate(self, sample): ...
    def merge_from(self, other): ...
    def finalize(self):
        raise RuntimeError("no set")


@pytest.mark.parametrize("samples", [broken, 3, [1, 2], [{"role": "other"}], [{"id": "a"}, {"id": "a"}], lambda: None])
def test_what_fails_is_a_warning_and_the_next_step_is_scored(samples) -> None:
    """A training does not end for its validation."""
    validation = Validation(Evaluator(["user.level"], "cpu"))
    with pytest.warns(ValidationWarning, match="step 1: not scored"):
        assert validation(samples, step=1) is None
    results = validation(samples_of(0.5), step=2)
    assert results is validation.last_results
    assert results is not None


def test_metric_and_tracker_that_fail_are_no_more_than_skip_and_warning() -> None:
    """The others are scored and logged."""
    register("user.broken")(Broken)
    tracker = ListTracker()
    validation = Validation(
        Evaluator(["user.broken", "user.level"], "cpu"), trackers=[ListTracker(fail=OSError("full")), tracker]
    )
    with pytest.warns(ValidationWarning, match="step 1: not logged: the list: OSError: full"):
        validation(samples_of(0.5, 0.6), step=1)
    assert tracker.scalars["val/user.level/scored"] == 2
    assert tracker.scalars["val/user.broken/corpus/skipped"] == 1


def test_strict_raises_what_happened() -> None:
    """For who would rather know at once."""
    with pytest.raises(RanksError, match="CUDA out of memory") as caught:
        Validation(Evaluator(["user.level"], "cpu"), strict=True)(broken, step=1)
    assert isinstance(caught.value.__cause__, MemoryError)


def test_in_the_background_results_come_by_future() -> None:
    """And are logged from there."""
    tracker = ListTracker()
    validation = Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker], in_background=True, unload=True)
    futures = [validation(samples_of(0.5), step=step) for step in (1, 2, 3)]
    validation.close()
    assert tracker.steps == [1, 2, 3]
    assert all(future.result()[0]["user.level"].score == pytest.approx(0.5) for future in futures)


def test_nothing_is_warned_of_where_all_is_well() -> None:
    """A warning is worth reading."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Validation(Evaluator(["user.level"], "cpu"))(samples_of(0.5), step=1) is not None
