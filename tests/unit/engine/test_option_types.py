"""Values of another kind are refused in a sentence; none is reinterpreted, and none is a TypeError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import avmeter
from avmeter.engine.config import EvaluatorConfig
from avmeter.errors import UsageError
from avmeter.runtime import Precision

WRONG: list[tuple[str, Any]] = [
    ("device", None), ("device", 0), ("device", ""), ("device", ["cpu"]),
    ("num_gpus", None), ("num_gpus", 1.0), ("num_gpus", True), ("num_gpus", "2"),
    ("weights", None), ("weights", ""), ("weights", 5), ("weights", ["auto"]), ("weights", b"auto"),
    ("protocol", None), ("protocol", 3), ("protocol", ["fastvideo"]),
    ("options", 5), ("options", []), ("options", {"audio.wer": None}), ("options", {"audio.wer": {1: 2}}),
    ("options", {None: {}}), ("options", "audio.wer"),
    ("store", 5), ("store", ""), ("store", b"x"), ("store", []), ("store", "a\0b"), ("store", 1),
    ("precision", None), ("precision", 32), ("precision", []),
    ("batch_size", 1.5), ("batch_size", "4"), ("batch_size", True), ("batch_size", float("nan")),
    ("loader_threads", 1.5), ("loader_threads", "2"), ("loader_processes", 0.0), ("loader_processes", False),
    ("scoring_processes", True),
    ("skip_missing_deps", None), ("skip_missing_deps", "no"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda v: repr(v)[:24])
def test_value_of_another_kind_is_refused(name: str, value: Any) -> None:
    """By every call that takes it, with its name and what it was."""
    calls = [
        lambda: EvaluatorConfig(**{name: value}),
        lambda: avmeter.create_evaluator("audio.loudness", **{name: value}),
    ]
    for call in calls:
        with pytest.raises(UsageError, match=f"^{name}="):
            call()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device", torch.device("cpu")),
        ("batch_size", np.int64(4)),
        ("precision", Precision.BF16),
        ("store", False),
        ("weights", Path("/")),
        ("options", {"audio.loudness": {}}),
    ],
)
def test_values_of_like_kinds_are_taken(name: str, value: Any) -> None:
    """Numbers of NumPy, devices of torch, paths, names of an enumeration."""
    assert EvaluatorConfig(**{name: value})


@pytest.mark.parametrize("metrics", [5, None, [None], ["audio.loudness", ""], [["audio"]], b"audio", {"audio": 1}, [5]])
def test_what_is_no_list_of_names_is_refused(metrics: Any) -> None:
    """Also for the metrics of one call; `[None]` meant all."""
    evaluator = avmeter.create_evaluator("audio.loudness")
    calls = [lambda: avmeter.create_evaluator(metrics), lambda: avmeter.evaluate("a.wav", metrics=metrics)]
    if metrics is not None:
        calls.append(lambda: evaluator.evaluate([{"audio": "a.wav"}], metrics=metrics))
    for call in calls:
        with pytest.raises(UsageError, match=r"metrics(=| has )"):
            call()


@pytest.mark.parametrize("extractor", [5, None, ["passt"]])
def test_extractor_is_a_name(extractor: Any) -> None:
    """And not a list of them."""
    with pytest.raises(UsageError, match="is not a name"):
        avmeter.compute_features([{"audio": "a.wav"}], extractor)


@pytest.mark.parametrize("samples", [5, b"x", "a.wav", {"audio": "a.wav"}])
def test_samples_are_a_list(samples: Any) -> None:
    """One sample is not a list of one."""
    with pytest.raises(UsageError, match="not a list of dicts"):
        avmeter.create_evaluator("audio.loudness").evaluate(samples)
