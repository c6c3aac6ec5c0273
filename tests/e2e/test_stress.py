"""The stress suite with real weights over rendered clips: the metrics react to what they claim to measure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from avmeter.demo.scenes import render_clips
from avmeter.evaluator import Evaluator
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import resolve_metrics
from avmeter.stress.judge import Verdict
from avmeter.stress.siren import render_siren
from avmeter.stress.suite import StressResult, run_stress
from avmeter.stress.variants import Variant, variants_of
from avmeter.weights import WeightsSource
from support import require
from support.speech import needs_speech

METRICS = ["audio.wer", "audio.dnsmos", "audio.kl_divergence", "audio.frechet_distance", "audio.loudness", "av.align"]
YAMNET = {name: {"backbone": "yamnet"} for name in ("audio.kl_divergence", "audio.frechet_distance")}
VARIANTS = [
    *variants_of(["original", "silence", "white_noise", "low_volume", "reversed", "delay", "unrelated"]),
    Variant(name="noise", dose=10.0),
    Variant(name="noise", dose=0.0),
    Variant(name="noise", dose=-10.0),
    Variant(name="frozen"),
]
PROMISES = {
    ("audio.wer", "silence", "equals"),
    ("audio.wer", "white_noise", "equals"),
    ("audio.wer", "reversed", "at_least"),
    ("audio.wer", "unrelated", "at_least"),
    ("audio.wer", "low_volume", "invariant"),
    ("audio.kl_divergence", "low_volume", "invariant"),
    ("audio.kl_divergence", "white_noise", "worse"),
    ("audio.kl_divergence", "unrelated", "worse"),
    ("audio.frechet_distance", "low_volume", "invariant"),
    ("audio.frechet_distance", "white_noise", "worse"),
    ("audio.frechet_distance", "unrelated", "worse"),
    ("audio.dnsmos", "noise", "monotone"),
    ("audio.dnsmos", "white_noise", "worse"),
    ("audio.loudness", "low_volume", "changes_by"),
    ("av.align", "delay", "worse"),
    ("av.align", "silence", "equals"),
    ("av.align", "frozen", "worse"),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StressResult]:
    source = WeightsSource.parse("auto")
    metrics = resolve_metrics(METRICS, options=YAMNET).values()
    missing = [entry for m in metrics for entry in requirements_of(m).missing_checkpoints(source)]
    if missing:
        require.absent("weights", f"not on this machine: {', '.join(missing)}: see `avmeter weights list`")
    folder = tmp_path_factory.mktemp("stress")
    clips = [s for s in render_clips(folder / "clips-in") if s["id"] in ("speech-en", "bouncing-ball")]
    evaluator = Evaluator(METRICS, "cpu", options=YAMNET, store=folder / "store")
    yield run_stress(clips, evaluator, folder, variants=VARIANTS, unrelated=render_siren(folder))
    evaluator.shutdown()


@needs_speech
def test_metrics_react_as_they_promise(result: StressResult) -> None:
    """Every promise that these variants can test is kept, and the ones that matter were tested."""
    broken = [_told(v) for v in result.verdicts if v.passed is False]
    assert broken == []
    kept = {(v.expectation.metric, v.expectation.variant, v.expectation.kind) for v in result.verdicts if v.passed}
    assert kept >= PROMISES


@needs_speech
def test_quiet_words_are_all_understood(result: StressResult) -> None:
    """The word error rate of the spoken clip is 0, and stays 0 at -20 dB and a second late."""
    for label in ("original", "low_volume -20 dB", "delay 1 s"):
        assert result.cells[label, "audio.wer"].scores == {"speech-en": 0.0}


def test_command_writes_tables_verdicts_and_page(tmp_path: Path) -> None:
    """`avmeter stress CLIPS --metrics ... --anchors --out DIR` without any weights."""
    from avmeter.cli.app import app

    clip = _melody(tmp_path)
    out = tmp_path / "run"
    variants = "original,silence,low_volume,mirrored"
    command = ["stress", str(clip), "--metrics", "av.align,audio.loudness", "--variants", variants, "--anchors"]
    done = CliRunner().invoke(app, [*command, "--no-store", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 160
    content: dict[str, Any] = json.loads((out / "stress.json").read_text("utf-8"))
    assert {v["kept"] for v in content["verdicts"]} == {True}
    assert {a["anchor"] for a in content["anchors"]} == {"truth", "shuffled", "noise", "silence"}
    page = (out / "report.html").read_text("utf-8")
    for title in ("Variants and metrics", "Reaction", "Verdicts", "Floors and ceilings"):
        assert title in page
    assert (out / "results.parquet").is_file()


def _melody(folder: Path) -> Path:
    from avmeter.demo import scenes

    notes = scenes._note_times()
    return scenes._write(folder / "melody.mp4", scenes._lights(notes), scenes._melody(notes))


def _told(verdict: Verdict) -> str:
    promise = verdict.expectation
    return f"{promise.metric} {promise.kind} under {promise.variant}: {verdict.measured}"
