"""The callback of the Trainer of Hugging Face."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from avmeter.errors import MissingDependencyError
from avmeter.evaluator import Evaluator
from avmeter.training.transformers import TrainerHooks, trainer_callback
from avmeter.training.validation import Validation, ValidationWarning
from support import require
from support.levels import samples_of
from support.trackers import ListTracker

pytestmark = pytest.mark.usefixtures("level_metrics")


def test_scores_are_among_the_metrics_of_the_evaluation() -> None:
    """Where the Trainer looks for the best model; two sets of one step are scored once."""
    tracker = ListTracker()
    hooks = TrainerHooks(
        Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker]), lambda model: samples_of(model)
    )
    metrics = [{"eval_loss": 1.0}, {"eval_b_loss": 1.0}]
    for found in metrics:
        hooks.on_evaluate(None, SimpleNamespace(global_step=8), None, model=0.5, metrics=found)
    assert metrics[0]["eval_user.level/mean"] == pytest.approx(0.5)
    assert metrics[1] == {"eval_b_loss": 1.0}
    assert tracker.steps == [8]


def test_failure_leaves_the_metrics_as_they_are() -> None:
    """And the training goes on."""
    hooks = TrainerHooks(Validation(Evaluator(["user.level"], "cpu")), lambda model: 1 / 0)
    metrics: dict[str, float] = {}
    with pytest.warns(ValidationWarning, match="ZeroDivisionError"):
        hooks.on_evaluate(None, SimpleNamespace(global_step=8), None, model=None, metrics=metrics)
    hooks.on_train_end(None, None, None)
    assert metrics == {}


def test_trainer_s_own_handler_calls_it() -> None:
    """All events of the installed package, those without a hook too."""
    handlers = require.package("transformers.trainer_callback")
    tracker = ListTracker()
    callback = trainer_callback(
        Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker]), lambda model: samples_of(model)
    )
    handler = handlers.CallbackHandler([callback], 0.25, None, None, None)
    state, control = handlers.TrainerState(), handlers.TrainerControl()
    state.global_step = 3
    arguments = SimpleNamespace()
    handler.on_train_begin(arguments, state, control)
    handler.on_step_end(arguments, state, control)
    metrics: dict[str, float] = {}
    handler.on_evaluate(arguments, state, control, metrics)
    handler.on_train_end(arguments, state, control)
    assert tracker.steps == [3]
    assert metrics["eval_user.level/mean"] == pytest.approx(0.25)


def test_without_transformers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the callback is made."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match="pip install transformers"):
        trainer_callback(Validation(Evaluator(["user.level"], "cpu")), lambda model: [])
