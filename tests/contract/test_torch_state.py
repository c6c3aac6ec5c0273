"""Scoring leaves torch as a training had set it, and does not depend on that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from avmeter.errors import SkipCode
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from avmeter.training import BackgroundEvaluator, Validation
from avmeter.training.validation import ValidationWarning
from support.registrations import forgotten_registrations
from support.torch_state import torch_state, unusual_torch_state

RATE = 16_000
# A network with windows, one with a spectrogram of its own, and one that is no network of torch.
METRICS = ["audio.distillmos", "audio.kernel_distance@yamnet", "audio.loudness"]


class Broken:
    def compute(self, sample: dict[str, Any]) -> float:
        raise RuntimeError("no")


def samples() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    waves = rng.standard_normal((3, 2 * RATE)).astype(np.float32) * 0.1
    return [{"audio": (wave, RATE), "reference_audio": (wave[::-1].copy(), RATE)} for wave in waves]


def evaluator(**options: Any) -> Evaluator:
    return Evaluator(METRICS, "cpu", weights="dummy", **options)


def score() -> dict[str, float]:
    return evaluator().evaluate(samples()).scalars()


def fail_within() -> None:
    """An exception out of the middle of a run, with batches under way."""

    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        evaluator().evaluate(samples(), progress=progress)


def fail_in_a_metric() -> None:
    with forgotten_registrations():
        register("user.broken")(Broken)
        found = Evaluator(["user.broken"], "cpu").evaluate(samples())
    assert all(row["user.broken"].skip.code == SkipCode.FAILED for row in found)


def fail_in_generating() -> None:
    with pytest.warns(ValidationWarning, match="ZeroDivisionError"):
        Validation(evaluator())(lambda: 1 / 0, step=0)


def score_in_the_background() -> None:
    with BackgroundEvaluator(evaluator()) as background:
        assert background.submit(samples()).result(120).scalars()


CALLS = (score, fail_within, fail_in_a_metric, fail_in_generating, score_in_the_background)


@pytest.fixture(scope="module")
def expected() -> dict[str, float]:
    found = score()
    assert found["audio.distillmos/scored"] == 3
    assert "audio.kernel_distance@yamnet/corpus" in found
    return found


@pytest.mark.parametrize("settings", [contextlib.nullcontext, unusual_torch_state], ids=["usual", "unusual"])
@pytest.mark.usefixtures("expected")  # whose run imports what sets its own filters of warnings when it is imported
@pytest.mark.parametrize("call", CALLS, ids=lambda f: f.__name__)
def test_nothing_is_left_changed(
    call: Callable[[], object], settings: Callable[[], contextlib.AbstractContextManager[None]]
) -> None:
    """Precision, random numbers, grad mode, types, devices, threads: of this thread and of new ones."""
    with settings():
        before = torch_state()
        call()
        assert torch_state() == before


def test_scores_do_not_depend_on_what_a_training_has_set(expected: dict[str, float]) -> None:
    """Default type and device, autocast and grad mode are the training's."""
    with unusual_torch_state():
        found = score()
    assert found == pytest.approx(expected, rel=1e-6)  # three threads instead of one sum in another order


@pytest.mark.endurance
def test_process_of_its_own_does_not_touch_this_one(expected: dict[str, float]) -> None:
    """While it scores, too: TF32 and the default type are of a process."""
    seen: list[dict[str, Any]] = []
    with unusual_torch_state():
        before = torch_state()
        made = evaluator(executor="process")
        found = made.evaluate(samples(), progress=lambda done, total: seen.append(torch_state()))
        made.unload()
        assert torch_state() == before
    assert found.scalars() == pytest.approx(expected, rel=1e-6)
    keys = ("tf32", "default dtype", "threads", "random", "cudnn")
    assert seen
    assert all(state[key] == before[key] for state in seen for key in keys)


@pytest.mark.filterwarnings("default")  # of the compiler, about itself
def test_compiled_caller_has_the_same_scores(expected: dict[str, float]) -> None:
    """A compiler that traced into scoring would take its NumPy for tensors."""
    scored = evaluator()

    @torch.compile(backend="eager")
    def step(x: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        y = x * 2
        return y, scored.evaluate(samples()).scalars()

    y, found = step(torch.ones(3))
    assert y.tolist() == [2.0, 2.0, 2.0]
    assert found == expected


def test_forked_process_has_the_same_scores(expected: dict[str, float]) -> None:
    """A loader's worker, which is forked while the evaluator of its parent has threads; that one works on, too."""
    scored = evaluator()
    assert scored.evaluate(samples()).scalars() == expected
    loader = DataLoader(Scored(scored), num_workers=1, batch_size=None, multiprocessing_context="fork", timeout=300)
    assert list(loader) == [expected, expected]
    assert scored.evaluate(samples()).scalars() == expected


class Scored(Dataset[dict[str, float]]):
    """Scores of the same samples, by an evaluator that was made in another process."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> dict[str, float]:
        return self.evaluator.evaluate(samples()).scalars()
