"""Rates of a run, and advice that follows from where its time went."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from avmeter.bench.rates import Machine, MetricRate, advise, run_benchmark
from avmeter.engine.config import EvaluatorConfig
from avmeter.sample import as_samples

CPU: dict[str, Any] = {
    "device": "cpu", "on_gpu": False, "precision": "float32", "num_lanes": 2, "threads": 1, "load": 0.0,
}  # fmt: skip


def rate(*, wait: float = 0.0, skipped: str | None = None, **stages: float) -> MetricRate:
    spent = {"decode": 0.0, "prepare": 0.0, "transfer": 0.0, "forward": 0.0, **stages}
    return MetricRate(
        metric="a.b", num_clips=4, clips_per_s=1.0, cpu_s=0.1, load_s=0.1, stages=spent, wait=wait, skipped=skipped
    )


@pytest.mark.parametrize(
    ("machine", "measured", "words"),
    [
        ({}, rate(forward=90, decode=10), "networks take the time"),
        ({}, rate(decode=90, forward=10), "a GPU would not help"),
        ({"load": 5.0}, rate(forward=1), "other programs"),
        ({"threads": 4}, rate(forward=1), "too few clips"),
        ({"on_gpu": True}, rate(decode=90, forward=10, wait=50), "--processes"),
        ({"on_gpu": True}, rate(forward=90), "--precision"),
        ({"on_gpu": True, "precision": "fp16"}, rate(forward=90), "--gpus"),
    ],
)
def test_advice_follows_from_where_the_time_goes(machine: dict[str, Any], measured: MetricRate, words: str) -> None:
    """On a GPU what it waits for; on a CPU whether a GPU would help, and what else runs there."""
    assert any(words in line for line in advise(Machine(**{**CPU, **machine}), [measured]))


def test_metric_without_a_score_gives_no_advice() -> None:
    """Its time is that of refusing."""
    assert advise(Machine(**CPU), [rate(forward=90, skipped="no weights")]) == []


def test_benchmark_of_a_real_metric_says_rate_stages_and_machine() -> None:
    """As JSON values."""
    clips = [{"audio": (np.sin(np.arange(16_000) * 0.1 * (i + 1)).astype(np.float32), 16_000)} for i in range(3)]
    config = EvaluatorConfig(device="cpu")
    begun: list[str] = []
    metrics = config.resolve_metrics("audio.loudness")
    benchmark = run_benchmark(as_samples(clips), metrics, config, progress=begun.append)
    payload = json.loads(json.dumps(benchmark.payload()))
    (found,) = payload["rates"]
    assert begun == ["audio.loudness"]
    assert (found["metric"], found["num_clips"], found["skipped"]) == ("audio.loudness", 3, None)
    assert found["clips_per_s"] > 0
    assert found["stages"]["prepare"] > 0
    assert payload["machine"]["on_gpu"] is False


def test_metric_that_scores_nothing_says_why() -> None:
    """A rate of skips is no rate."""
    config = EvaluatorConfig(device="cpu")
    benchmark = run_benchmark(as_samples([{"audio": "absent.wav"}]), config.resolve_metrics("audio.loudness"), config)
    assert "absent.wav" in str(benchmark.rates[0].skipped)
