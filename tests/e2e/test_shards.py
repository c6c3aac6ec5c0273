"""A set scored in parts by processes that know nothing of each other, from the command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.commandline import PROGRAM, avmeter
from support.media import write_media
from support.paths import ROOT

RATE = 16_000
METRICS = ("-m", "audio.loudness,audio.kernel_distance", "--set", "audio.kernel_distance.backbone=yamnet")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features go into a folder of the test."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(24):
        for side in ("gen", "ref"):
            (tmp_path / side).mkdir(exist_ok=True)
            noise = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
            write_media(tmp_path / side / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    table = "".join(f"{i:02}.wav,noise {i},{'xy'[i % 2]}\n" for i in range(24))
    (tmp_path / "prompts.csv").write_text(f"name,text_prompt,speaker\n{table}")
    return tmp_path / "gen"


INPUTS = ("gen", "--reference", "ref", "--prompts", "prompts.csv", "--by", "speaker", *METRICS)


def files(run: str) -> Iterator[str]:
    """What a run says, without its id."""
    for name in ("results.csv", "breakdown.csv"):
        yield Path(run, name).read_text()
    yield json.dumps({k: v for k, v in json.loads(Path(run, "summary.json").read_text()).items() if k != "run_id"})


def test_merged_shards_are_the_run_of_one_command(clips: Path) -> None:
    """Tables, summary and breakdown; the page is written; the terminal shows the same scores."""
    one = avmeter("score", *INPUTS, "--out", "one")
    for index in (3, 1, 2):
        done = avmeter("score", *INPUTS, "--shard", f"{index}/3", "--out", "run/{shard}")
        assert (done.code, done.out) == (0, "")
        assert f"shard {index} of 3: samples {8 * index - 7} to {8 * index} of 24" in done.err
    merged = avmeter("merge", "run", "--out", "merged")
    assert merged.code == 0, merged.err
    assert list(files("merged")) == list(files("one"))
    assert merged.out == one.out
    assert Path("merged/report.html").is_file()


def test_merge_says_what_is_missing_and_exits_with_2(clips: Path) -> None:
    """A shard that nobody scored, and a folder for each."""
    avmeter("score", *INPUTS, "--shard", "1/3", "--out", "run/1")
    refused = avmeter("score", *INPUTS, "--shard", "2/3", "--out", "run/1")
    assert (refused.code, "holds shard 1 of 3" in refused.err) == (2, True)
    done = avmeter("merge", "run/1", "--out", "merged")
    assert (done.code, "of 3 shards 2 are missing: 2-3" in done.err) == (2, True)
    assert not Path("merged").exists()
    assert avmeter("score", *INPUTS, "--shard", "1/3").code == 2


@pytest.mark.endurance
def test_script_of_the_documentation_runs_in_an_array(clips: Path, tmp_path: Path) -> None:
    """As Slurm would start it: three tasks with the variables that it sets."""
    program = tmp_path / "bin" / "avmeter"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {PROGRAM[0]} {PROGRAM[1]} '{PROGRAM[2]}' \"$@\"\n")
    program.chmod(0o755)
    avmeter("score", "gen", "-m", "audio.loudness", "--out", "one")
    for task in (1, 2, 3):
        variables = {"ID": task, "COUNT": 3, "MIN": 1, "MAX": 3, "STEP": 1}
        environment = {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in variables.items()}
        environment |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path),
                        "METRICS": "audio.loudness"}  # fmt: skip
        script = ["sh", str(ROOT / "docs" / "slurm-array.sh"), "gen", "run"]
        done = subprocess.run(script, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for _ in range(2):  # a merged run beside the shards is not one of them
        assert avmeter("merge", "run", "--out", "run/merged").code == 0
    assert Path("run/merged/results.csv").read_text() == Path("one/results.csv").read_text()


def test_stores_of_two_nodes_come_together(clips: Path) -> None:
    """Each node has scored its shard on its own disk; afterwards one command over the joint store computes nothing."""
    for index in (1, 2):
        avmeter("score", "gen", "-m", "audio.loudness", "--shard", f"{index}/2", "--out", f"run/{index}",
                "--store", f"node{index}")  # fmt: skip
    copied = avmeter("features", "copy", "node1", "node2", "--store", "joint")
    assert copied.out == "node1: 12 of 12 features copied to joint\nnode2: 12 of 12 features copied to joint\n"
    avmeter("score", "gen", "-m", "audio.loudness", "--store", "joint", "--out", "again")
    assert json.loads(Path("again/run.json").read_text())["provenance"]["computed"] == {}
