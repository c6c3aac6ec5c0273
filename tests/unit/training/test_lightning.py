"""Lightning's callback, over a stand-in of its package."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from avmeter.errors import MissingDependencyError
from avmeter.evaluator import Evaluator
from avmeter.training.lightning import lightning_callback
from avmeter.training.validation import Validation
from support.levels import samples_of

pytestmark = pytest.mark.usefixtures("level_metrics")


class Callback:
    """The hooks that a trainer calls."""

    def on_validation_end(self, trainer, pl_module): ...
    def on_train_start(self, trainer, pl_module): ...
    def on_fit_end(self, trainer, pl_module): ...
    def on_exception(self, trainer, pl_module, exception): ...


class Logger:
    def __init__(self):
        self.logged = []

    def log_metrics(self, metrics, step=None):
        self.logged.append((step, metrics))


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def package(request, monkeypatch):
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    module = ModuleType(request.param)
    module.Callback = Callback
    monkeypatch.setitem(sys.modules, request.param.partition(".")[0], ModuleType("parent"))
    monkeypatch.setitem(sys.modules, request.param, module)


@pytest.mark.usefixtures("package")
def test_validation_of_each_step_goes_to_the_trainer_s_loggers() -> None:
    """Not the sanity check; once for each step; with the module that is trained."""
    logger, modules = Logger(), []
    callback = lightning_callback(
        Validation(Evaluator(["user.level"], "cpu")), lambda module: modules.append(module) or samples_of(0.5)
    )
    assert isinstance(callback, Callback)
    trainer = SimpleNamespace(sanity_checking=True, loggers=[logger], global_step=0)
    callback.on_validation_end(trainer, "module")
    trainer.sanity_checking = False
    for step in (10, 10, 20):
        trainer.global_step = step
        callback.on_validation_end(trainer, "module")
    callback.on_fit_end(trainer, "module")
    assert [step for step, _ in logger.logged] == [10, 20]
    assert logger.logged[0][1]["val/user.level/mean"] == pytest.approx(0.5)
    assert modules == ["module", "module"]


@pytest.mark.usefixtures("package")
def test_exception_of_the_training_ends_the_background() -> None:
    """Nothing is waited for that has not begun."""
    validation = Validation(Evaluator(["user.level"], "cpu"), in_background=True)
    callback = lightning_callback(validation, lambda module: samples_of(0.5))
    callback.on_exception(SimpleNamespace(), "module", RuntimeError())
    callback.on_fit_end(SimpleNamespace(), "module")


def test_without_lightning_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the callback is made."""
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match="pip install lightning"):
        lightning_callback(Validation(Evaluator(["user.level"], "cpu")), lambda module: [])
