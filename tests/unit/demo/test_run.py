"""The demonstration runs what has weights here, and names what it leaves out and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import support.media as build
from avmeter.demo import run as demo
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import get_metric
from avmeter.weights import WeightsSource
from support.stress import FakeEvaluator

RATE = 16_000
METRICS = (
    "audio.loudness", "audio.desync", "audio.prdc", "common.lpips", "common.ssim", "av.javis_score",
    "optical_flow.gt_optical_flow",
)  # fmt: skip


class Evaluator(FakeEvaluator):
    """Records which metrics were asked for."""

    def __init__(self, names: list[str], **_: Any) -> None:
        super().__init__()
        Evaluator.asked = names

    def shutdown(self) -> None:
        """Nothing to release."""


def test_metrics_without_weights_or_clips_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A metric runs with weights and enough clips, unless it is a network over frames alone; no weights come first."""
    path = build.write_pcm_wav(tmp_path / "a.wav", build.tone(440, 0.5, RATE, 0.5), RATE)
    monkeypatch.setattr(demo, "render_clips", lambda folder: [{"id": "a", "audio": str(path)}])
    monkeypatch.setattr(demo, "Evaluator", Evaluator)
    monkeypatch.setattr(demo, "resolve_metrics", lambda *_, **__: {n: get_metric(n) for n in METRICS})
    monkeypatch.setattr(demo, "with_fallbacks", lambda *_: ({}, []))
    here = {entry for n in METRICS[2:] for entry in requirements_of(get_metric(n)).checkpoints}
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: entry in here)
    found = demo.run_demo(tmp_path / "out")
    assert Evaluator.asked == ["audio.loudness", "common.ssim", "av.javis_score"]
    assert found.without_weights == ("audio.desync",)
    assert found.too_few_clips == ("audio.prdc",)
    assert found.frame_networks == ("common.lpips",)
    assert found.left_out == (
        "not run, weights are not on this machine: audio.desync",
        "not run, they stand on networks that are not in avmeter, or ask a model at an endpoint: "
        "optical_flow.gt_optical_flow",
        "not run, they need more than 1 clips: audio.prdc",
        "not run, networks over every frame take minutes, and only one damage is to the picture: common.lpips",
    )
    assert found.experiment.result.results.provenance["not_run"] == found.not_run
    assert found.not_run["audio.prdc"] == "they need more than 1 clips"
    assert found.num_clips == 1
    here.clear()
    assert demo.run_demo(tmp_path / "out").too_few_clips == ()
