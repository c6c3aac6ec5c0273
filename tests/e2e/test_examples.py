"""The scripts and the notebook of `examples/`, as their users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.demo import scenes
from support import require
from support.media import flash, tone, write_media, write_pcm_wav
from support.paths import ROOT
from support.speech import needs_speech, speak

EXAMPLES = ROOT / "examples"
RATE, FPS = 16_000, 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with `avmeter` on the path of its `bin`."""
    program = tmp_path / "bin" / "avmeter"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m avmeter \"$@\"\n")
    program.chmod(0o755)
    return tmp_path


def run_script(
    name: str, folder: Path, *arguments: str, program: str = "sh", timeout_s: float = 300, **variables: str
) -> str:
    """What the script printed; its failure is the test's."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PATH": path, "AVMETER_OFFLINE": "1", **variables}
    command = [program, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_tones(folder: Path, pitch_hz: float, *, count: int = 3) -> None:
    folder.mkdir()
    for i in range(count):
        write_pcm_wav(folder / f"{i:04}.wav", np.asarray(tone(pitch_hz * (i + 1), 0.3, 16_000, 2.0)), 16_000)


def write_captions(path: Path, *, count: int = 3) -> None:
    path.write_text("id,text_prompt\n" + "".join(f"{i:04},a steady tone\n" for i in range(count)))


@pytest.mark.full
def test_video_to_audio_prints_the_table_of_each_system(folder: Path) -> None:
    """One row per system, in LaTeX, from one command."""
    for name, pitch_hz in (("ref", 300.0), ("ours", 310.0), ("baseline", 500.0)):
        write_tones(folder / name, pitch_hz)
    write_captions(folder / "captions.csv")
    out = run_script("video_to_audio.sh", folder, "ref", "captions.csv", "ours", "baseline", PRESET="quick")
    assert "\\begin{tabular}" in out
    assert "ours" in out
    assert "baseline" in out


@pytest.mark.full
def test_text_to_audio_prints_a_table_and_the_differences(folder: Path) -> None:
    """Both checkpoints stand in the table, and verdicts on six pairs, the fewest that allow any, stand below."""
    for name, pitch_hz in (("ref", 300.0), ("before", 310.0), ("after", 500.0)):
        write_tones(folder / name, pitch_hz, count=6)
    write_captions(folder / "captions.csv", count=6)
    out = run_script("text_to_audio.sh", folder, "captions.csv", "ref", "before", "after", PRESET="quick")
    assert "| before |" in out
    assert "B against A, A = before, B = after" in out


@pytest.mark.full
@needs_speech
def test_speech_prints_error_rate_and_quality(folder: Path) -> None:
    """Two spoken lines, recognised by the base model of installed packages."""
    rows = ["wav_path,transcript,lang"]
    for i, text in enumerate(("The train leaves at nine.", "We will meet tomorrow morning.")):
        wave, rate = speak(text, "en-us")
        write_pcm_wav(folder / f"{i}.wav", wave, rate)
        rows.append(f"{i}.wav,{text},en")
    (folder / "lines.csv").write_text("\n".join(rows) + "\n")
    out = run_script("speech.sh", folder, "lines.csv", WHISPER="base")
    assert "WER" in out
    assert "DNSMOS" in out


SEVEN = (
    "audio.audiobox_aesthetics", "audio.clap_score", "audio.desync", "audio.frechet_distance", "audio.imagebind_score",
    "audio.kl_divergence", "audio.wer",
)  # fmt: skip
NINE = ("original", "silence", "white_noise", "low_volume", "reversed", "pitch_shift", "delay", "advance", "unrelated")


def run_ltx2(folder: Path, *arguments: str) -> str:
    """The example in Python, with a cache of its own."""
    cache = str(folder / "cache")
    name = "ltx2_audio_eval.py"
    return run_script(name, folder, *arguments, program=sys.executable, timeout_s=1800, AVMETER_CACHE=cache)


def test_clip_of_a_text_to_video_model_is_scored_under_nine_damages(folder: Path) -> None:
    """Published weights of what is in installed packages; a metric that lacks something has its reason."""
    wave, frames = tone(300, 0.3, RATE, 3.0), flash(1.0, FPS, 3.0)
    clip = write_media(folder / "clip.mp4", wave=wave, sample_rate=RATE, frames=frames, fps=FPS)
    out = run_ltx2(folder, str(clip), "--metrics", "audio.loudness,audio.clap_score", "--weights", "auto")
    assert "text_prompt" in out
    assert [name for name in NINE if name not in out] == []
    assert "kept   audio.loudness" in out
    assert (folder / "runs" / "ltx2" / "report.html").is_file()


@pytest.mark.full
def test_list_of_fastvideo_is_scored_against_a_clip_encoded_once_more(folder: Path) -> None:
    """A score of each clip, or what the metric needs."""
    wave, frames = tone(300, 0.3, RATE, 1.0), flash(0.5, FPS, 1.0)
    clip = write_media(folder / "clip.mp4", wave=wave, sample_rate=RATE, frames=frames, fps=FPS)
    names = ("common.psnr", "vbench.color", "judge.third_person_separation")
    out = run_script("fastvideo_metrics.py", folder, str(clip), "--metrics", *names, program=sys.executable)
    lines = {line.split()[0]: line.rpartition(" s  ")[2] for line in out.splitlines() if line.startswith(names)}
    assert float(lines["common.psnr"]) > 20
    assert "GRiT" in lines["vbench.color"]
    assert "AVMETER_JUDGE_URL" in lines["judge.third_person_separation"]


@pytest.mark.full
def test_seven_metrics_react_to_nine_damages_of_a_clip(folder: Path) -> None:
    """Stand-in weights, which are marked; the set's metric says that one clip is no set."""
    clip = require.media("ltx2.mp4")
    run_ltx2(folder, str(clip), "--prompt", "two people argue", "--reference-text", "That is it.")
    cells = json.loads((folder / "runs" / "ltx2" / "stress.json").read_text("utf-8"))["cells"]
    scored = [cell for cell in cells if cell["score"] is not None]
    assert {cell["metric"] for cell in scored} == set(SEVEN) - {"audio.frechet_distance"}
    assert {cell["skip"] for cell in cells if cell["metric"] == "audio.frechet_distance"} == {"too_few_samples"}
    assert {cell["variant"].split()[0] for cell in cells} == set(NINE)
    assert all(cell["dummy"] for cell in scored)


@pytest.mark.endurance
def test_cluster_merges_its_parts_into_one_run(folder: Path) -> None:
    """Three clips in two parts are three rows of one run."""
    write_tones(folder / "set", 300.0)
    run_script("cluster.sh", folder, "set", "run", METRICS="audio.loudness")
    summary = json.loads((folder / "run" / "merged" / "summary.json").read_text("utf-8"))
    assert summary["metrics"]["audio.loudness"]["n_scored"] == 3


@needs_speech
def test_notebook_runs_on_the_clips_of_the_demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every code cell in its order; loudness goes along with the sound, nothing of a clip is computed twice, and a page
    is written.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scenes, "FPS", 8)  # optical flow is what takes time
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text("utf-8"))["cells"]
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in (c for c in cells if c["cell_type"] == "code"):
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    original, damaged = ([r["audio.loudness"].score for r in names[n]] for n in ("results", "damaged"))
    assert damaged == pytest.approx([original[-1], *original[:-1]])
    assert names["damaged"].provenance["computed"] == {}
    assert (tmp_path / "first-steps" / "run" / "report.html").is_file()
