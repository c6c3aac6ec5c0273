"""Validation as a callback of Lightning.

trainer = Trainer(callbacks=[lightning_callback(Validation(evaluator), generate_samples)])
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from avmeter.errors import MissingDependencyError
from avmeter.sample import Sample
from avmeter.training.trackers import FunctionTracker
from avmeter.training.validation import Validation

Generate = Callable[[Any], Iterable[Mapping[str, Any] | Sample]]

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


class LightningHooks:
    """What the callback does in Lightning's hooks; `lightning_callback` makes a callback of it.

    It validates at the end of each validation epoch, once for each step, and not in the sanity check before the
    training. Scores go to `trainer.loggers` as well as to the trackers of the validation.

    Args:
        validation: Scores, merges and logs.
        generate: Called with the module on every rank; returns the samples of that rank.
    """

    def __init__(self, validation: Validation, generate: Generate) -> None:
        super().__init__()
        self.validation = validation
        self._generate = generate
        self._are_loggers_added = False

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Generate, score, merge and log."""
        if trainer.sanity_checking:
            return
        if not self._are_loggers_added:
            self._are_loggers_added = True
            self.validation.add_trackers([_tracker_of(logger) for logger in trainer.loggers])
        self.validation(lambda: self._generate(pl_module), step=trainer.global_step)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Wait for what is scored in the background."""
        self.validation.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Do not wait for what has not begun."""
        self.validation.close(cancel=True)


def lightning_callback(validation: Validation, generate: Generate) -> Any:
    """Return a `Callback` of the Lightning that is installed; arguments as for `LightningHooks`.

    Raises:
        MissingDependencyError: None is.
    """
    kind = type("ValidationCallback", (LightningHooks, _callback_class()), {})
    return kind(validation, generate)


def _callback_class() -> type:
    for package in _PACKAGES:
        try:
            found: type = importlib.import_module(package).Callback
        except ImportError:
            continue
        return found
    raise MissingDependencyError("this callback needs `lightning`", hint="pip install lightning")


def _tracker_of(logger: Any) -> FunctionTracker:
    """Return a tracker of a Lightning logger, which takes numbers alone; clips go through a tracker of their own."""
    return FunctionTracker(
        lambda scalars, step: logger.log_metrics(scalars, step=step), name=f"Lightning's {type(logger).__name__}"
    )
