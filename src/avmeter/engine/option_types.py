"""Which kinds of values the options of a run may have: none is reinterpreted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import torch

from avmeter.errors import UsageError
from avmeter.runtime import Precision
from avmeter.weights import WeightsSource

_TEXT = "a text"
_COUNT = "a whole number"
_FOLDER = "the name of a folder"


def check_option_types(options: Mapping[str, Any]) -> None:
    """Refuse values of kinds that an option does not have; None stands for a default only where it says so.

    Args:
        options: Fields of `EvaluatorConfig`.

    Raises:
        UsageError: The first that is wrong, with its value.
    """
    expected = {
        "device": (_is_text(options["device"]) or isinstance(options["device"], torch.device), _TEXT),
        "num_gpus": (_is_count(options["num_gpus"]), _COUNT),
        "weights": (
            _is_path(options["weights"]) or isinstance(options["weights"], WeightsSource),
            f"'auto', 'dummy' or {_FOLDER}",
        ),
        "protocol": (_is_text(options["protocol"]), _TEXT),
        "store": (options["store"] is None or isinstance(options["store"], bool) or _is_path(options["store"]),
                  f"{_FOLDER}, True, False or None"),
        "precision": (_is_text(options["precision"]) or isinstance(options["precision"], Precision), _TEXT),
        "decoder": (_is_text(options["decoder"]), _TEXT),
        "executor": (_is_text(options["executor"]), _TEXT),
        "ray_address": (_is_text(options["ray_address"]), _TEXT),
        "skip_missing_deps": (isinstance(options["skip_missing_deps"], bool), "True or False"),
    }  # fmt: skip
    for name in ("batch_size", "loader_threads", "loader_processes", "scoring_processes"):
        expected[name] = (options[name] is None or _is_count(options[name]), f"{_COUNT} or None")
    for name in ("decode_timeout_s", "decode_timeout_per_s"):
        is_number = isinstance(options[name], Real) and not isinstance(options[name], bool)
        expected[name] = (is_number, "a number of seconds")
    for name, (is_right, kinds) in expected.items():
        if not is_right:
            raise UsageError(f"{name}={options[name]!r} is not {kinds}", hint="leave it out for the default")
    _check_metric_options(options["options"])


def _check_metric_options(options: Any) -> None:
    hint = "give a dict such as {'audio.wer': {'model_name': 'small'}}"
    if options is None:
        return
    if not isinstance(options, Mapping):
        raise UsageError(f"options={options!r} is not a dict of dicts", hint=hint)
    for name, own in options.items():
        if not isinstance(own, Mapping) or not all(isinstance(key, str) for key in (name, *own)):
            raise UsageError(f"options={{{name!r}: {own!r}}} is not a dict of options by name", hint=hint)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(os.fspath(value)) and "\0" not in str(value)
