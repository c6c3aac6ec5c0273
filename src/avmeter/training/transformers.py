"""Validation as a callback of the Trainer of Hugging Face transformers, and of what is built on it (TRL).

trainer = Trainer(..., callbacks=[trainer_callback(Validation(evaluator), generate_samples)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from avmeter.errors import MissingDependencyError
from avmeter.sample import Sample
from avmeter.telemetry import import_without_telemetry
from avmeter.training.validation import Validation

Generate = Callable[[Any], Iterable[Mapping[str, Any] | Sample]]


class TrainerHooks:
    """What the callback does in the Trainer's hooks; `trainer_callback` makes a callback of it.

    It validates after each evaluation, once for each step, however many sets are evaluated. Scores go into
    `metrics` of that evaluation, where the Trainer looks for `metric_for_best_model`, and to the trackers of the
    validation; the Trainer's own trackers have logged before and do not have them.

    Args:
        validation: Scores, merges and logs.
        generate: Called with the model on every rank; returns the samples of that rank.
        prefix: In front of the names in `metrics`; the Trainer puts "eval_" there.
    """

    def __init__(self, validation: Validation, generate: Generate, *, prefix: str = "eval_") -> None:
        super().__init__()
        self.validation = validation
        self._generate = generate
        self._prefix = prefix

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Generate, score, merge and log."""
        model, metrics = kwargs.get("model"), kwargs.get("metrics")
        before = self.validation.last_results
        self.validation(lambda: self._generate(model), step=state.global_step)
        results = self.validation.last_results
        if results is not None and results is not before and isinstance(metrics, dict):
            metrics.update(results.scalars(self._prefix))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Wait for what is scored in the background."""
        self.validation.close()


def trainer_callback(validation: Validation, generate: Generate, *, prefix: str = "eval_") -> Any:
    """Return a `TrainerCallback`; arguments as for `TrainerHooks`.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    try:
        base: type = import_without_telemetry("transformers").TrainerCallback
    except ImportError as error:
        raise MissingDependencyError("this callback needs `transformers`", hint="pip install transformers") from error
    kind = type("ValidationCallback", (TrainerHooks, base), {})
    return kind(validation, generate, prefix=prefix)
