"""Thumbnails go to the samples that the page opens with, as many as asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avmeter.media.write import write_wav
from avmeter.report.payload import make_payload, worst_first
from avmeter.report.thumbnails import add_thumbnails
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import as_samples

TONE = np.sin(np.arange(8000, dtype=np.float32) / 5)[None] / 2


def run_of(folder: Path) -> EvalResults:
    """Four sounds of falling quality, the last without a file."""
    paths = [write_wav(folder / f"{i}.wav", TONE, 8000) for i in range(3)] + [folder / "gone.wav"]
    rows = [{"m.a": MetricResult("m.a", 4.0 - i)} for i in range(4)]
    samples = as_samples([{"audio": str(p)} for p in paths])
    return EvalResults(rows, samples=samples, provenance={"metrics": {"m.a": {"direction": "higher"}}})


def test_worst_samples_are_drawn(tmp_path: Path) -> None:
    """The worst one is gone, the next one is drawn, others are not."""
    results = run_of(tmp_path)
    payload = make_payload(results, tmp_path)
    assert worst_first(payload.data) == [3, 2, 1, 0]
    assert add_thumbnails(payload, results, most=2) == 1
    assert ["drawn" in s for s in payload.data["samples"]] == [False, False, True, False]
    assert payload.data["samples"][3]["gone"] == ["audio"]


def test_none_are_drawn_on_request(tmp_path: Path) -> None:
    """Zero starts no process and draws nothing."""
    results = run_of(tmp_path)
    payload = make_payload(results, tmp_path)
    assert add_thumbnails(payload, results, most=0) == 0
