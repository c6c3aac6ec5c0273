"""Runs of several systems over the same clips, made of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import as_samples


def system_run(
    scores: Sequence[float], *, metric: str = "m.a", direction: str = "lower", dummy: bool = False, **options: Any
) -> EvalResults:
    """Return a run of one per-sample metric."""
    rows = [{metric: MetricResult(metric, score, {}, None, dummy)} for score in scores]
    samples = as_samples([{"id": f"c{i}", "audio": "a.wav"} for i in range(len(scores))])
    facts = {
        "direction": direction,
        "unit": "",
        "options": {"protocol": "fastvideo", **options},
        "checkpoints": ["net"],
    }
    provenance = {
        "metrics": {metric: facts}, "weights": {"net": "dummy" if dummy else "0123456789abcdef"},
        "precision": "float32", "dummy_weights": dummy, "versions": {"avmeter": "1.2.3"},
    }  # fmt: skip
    return EvalResults(rows, samples=samples, provenance=provenance)
