"""The stress suite with real weights over rendered clips: the metrics react to what they claim to measure."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avmeter.demo.scenes import render_clips
from avmeter.evaluator import Evaluator
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import resolve_metrics
from avmeter.run import read_run
from avmeter.stress.judge import Verdict
from avmeter.stress.siren import render_siren
from avmeter.stress.suite import StressResult, run_stress
from avmeter.stress.variants import Variant, variants_of
from avmeter.weights import WeightsSource
from support import require
from support.commandline import avmeter, contents
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
@pytest.mark.endurance
def test_metrics_react_as_they_promise(result: StressResult) -> None:
    """Every promise that these variants can test is kept, and the ones that matter were tested."""
    broken = [_told(v) for v in result.verdicts if v.passed is False]
    assert broken == []
    kept = {(v.expectation.metric, v.expectation.variant, v.expectation.kind) for v in result.verdicts if v.passed}
    assert kept >= PROMISES


@needs_speech
@pytest.mark.endurance
def test_quiet_words_are_all_understood(result: StressResult) -> None:
    """The word error rate of the spoken clip is 0, and stays 0 at -20 dB and a second late."""
    for label in ("original", "low_volume -20 dB", "delay 1 s"):
        assert result.cells[label, "audio.wer"].scores == {"speech-en": 0.0}


def test_command_writes_tables_verdicts_and_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`avmeter stress CLIPS --metrics ... --anchors --out DIR` without any weights."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    clip = _melody(tmp_path)
    out = tmp_path / "run"
    variants = "original,silence,low_volume,mirrored"
    command = ["stress", clip, "--metrics", "av.align,audio.loudness", "--variants", variants, "--anchors"]
    done = avmeter(*command, "--out", out)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 160
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


def test_clips_that_cannot_be_damaged_cost_their_own_variants(tmp_path: Path) -> None:
    """More channels than FLAC takes, and names as long as there are: the others go on, and all are named."""
    folder = tmp_path / "gen"
    folder.mkdir()
    for num_channels in (1, 3, 5, 9, 32):
        write_silent_wav(folder / f"{num_channels}.wav", num_channels)
    write_silent_wav(folder / ("\U0001f3b5" * 62 + ".wav"), 1)
    out = tmp_path / "run"
    done = avmeter("stress", folder, "-m", "audio.loudness", "--variants", "white_noise", "--no-store", "--out", out)
    assert done.code == 0
    run = read_run(out)
    skips = {Path(s.id).name: row["audio.loudness"].skip for s, row in zip(run.samples, run, strict=True)}
    for name in ("1", "3", "5", "\U0001f3b5" * 62):
        assert skips[f"{name}.wav--white_noise"] is None
    for num_channels in (9, 32):
        skip = skips[f"{num_channels}.wav--white_noise"]
        assert skip.code == "unsupported"
        assert f"{num_channels} channels" in skip.reason


@pytest.mark.parametrize("names", [("gen", "gen"), ("gen", "gen/run"), ("set/clips", "set"), ("gen/1.wav", "gen")])
def test_variants_are_not_put_among_the_clips(tmp_path: Path, names: tuple[str, str]) -> None:
    """Not into an input folder, not into one in it or around it: the next run would take them for clips."""
    given, out = (tmp_path / name for name in names)
    folder = given.parent if given.suffix else given
    folder.mkdir(parents=True)
    write_silent_wav(folder / "1.wav", 1)
    (folder / "siren.flac").write_bytes(b"mine")
    before = contents(tmp_path)
    done = avmeter("stress", given, "-m", "audio.loudness", "--no-store", "--out", out)
    assert done.code == 2
    assert "no variants are written" in done.err
    assert contents(tmp_path) == before


def test_clips_of_others_in_the_run_folder_are_refused(tmp_path: Path) -> None:
    """Before anything is scored; own variants of an earlier run are replaced, but never damaged themselves."""
    write_silent_wav(tmp_path / "1.wav", 1)
    out = tmp_path / "run"
    (out / "clips").mkdir(parents=True)
    (out / "clips/siren.flac").write_bytes(b"mine")
    command = ["stress", tmp_path / "1.wav", "-m", "audio.loudness", "--variants", "white_noise,silence", "--no-store"]
    before = contents(tmp_path)
    done = avmeter(*command, "--out", out)
    assert (done.code, "siren.flac, which no run has written" in done.err) == (2, True)
    assert contents(tmp_path) == before
    (out / "clips/siren.flac").unlink()
    for _ in range(2):
        assert avmeter(*command, "--out", out).code == 0
    variant = next((out / "clips").glob("*white_noise*"))
    moment = contents(out)
    done = avmeter("stress", variant, *command[2:], "--out", out)
    assert (done.code, done.err.count("clip of the run") or done.err.count("no variants")) == (2, 1)
    assert contents(out) == moment


def write_silent_wav(path: Path, num_channels: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((num_channels, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * num_channels * 16_000))
