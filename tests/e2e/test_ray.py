"""A set scored on a Ray cluster from the command line: the files of one process, whole and in shards."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from support import require
from support.commandline import PROGRAM, avmeter
from support.media import write_media
from support.paths import ROOT
from support.ray_cluster import machines

RATE = 16_000
METRICS = ("-m", "audio.loudness,audio.kernel_distance", "--set", "audio.kernel_distance.backbone=yamnet")
# Ten times what Ray grants by itself, which a busy machine may need: its limits are of no concern here.
PATIENT = {
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_gcs_server_request_timeout_seconds": "600",
    "RAY_agent_register_timeout_ms": "1000000",
    "RAY_health_check_failure_threshold": "50",
}
INPUTS = ("gen", "--reference", "ref", "--prompts", "prompts.csv", "--by", "speaker", *METRICS)


@pytest.fixture(autouse=True)
def _set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips with references in the current folder; features go into a folder of the test."""
    require.package("ray")
    require.weights("yamnet")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for i in range(24):
        for side in ("gen", "ref"):
            (tmp_path / side).mkdir(exist_ok=True)
            noise = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
            write_media(tmp_path / side / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    table = "".join(f"{i:02}.wav,noise {i},{'xy'[i % 2]}\n" for i in range(24))
    (tmp_path / "prompts.csv").write_text(f"name,text_prompt,speaker\n{table}")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A head that only coordinates, and two nodes."""
    require.package("ray")
    with machines() as cluster:
        for _ in range(2):
            cluster.add()
        yield cluster.address


def files(run: str) -> list[str]:
    """What a run says, without its id."""
    summary = {k: v for k, v in json.loads(Path(run, "summary.json").read_text()).items() if k != "run_id"}
    return [*(Path(run, name).read_text() for name in ("results.csv", "breakdown.csv")), json.dumps(summary)]


def test_run_and_shards_on_a_cluster_are_the_run_of_one_process(address: str) -> None:
    """Tables, summary and breakdown; of two shards one is scored on the cluster, and one beside it."""
    one = avmeter("score", *INPUTS, "--out", "one", "--store", "alone")
    whole = avmeter("score", *INPUTS, "--out", "whole", "--ray", address, "--store", "node")
    assert whole.code == 0, whole.err
    assert files("whole") == files("one")
    assert " on 127.0.0.1" in json.loads(Path("whole/run.json").read_text())["provenance"]["device"]
    for index, where in ((2, ("--ray", address)), (1, ())):
        done = avmeter("score", *INPUTS, "--shard", f"{index}/2", "--out", "run/{shard}", *where, "--store", "other")
        assert done.code == 0, done.err
    merged = avmeter("merge", "run", "--out", "merged")
    assert merged.code == 0, merged.err
    assert files("merged") == files("one")
    assert merged.out == one.out


def _program(folder: Path, name: str, script: Sequence[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(["#!/bin/sh", *script]))
    (folder / name).chmod(0o755)


@pytest.mark.endurance
@pytest.mark.parametrize("nodes", ["", "node1"])
def test_script_of_the_documentation_scores_on_the_cluster_that_it_starts(tmp_path: Path, nodes: str) -> None:
    """With its workers on this machine, or on a node that is reached by ssh, which a program here stands for."""
    _program(tmp_path / "bin", "avmeter", [f"exec {PROGRAM[0]} {PROGRAM[1]} '{PROGRAM[2]}' \"$@\""])
    _program(tmp_path / "bin", "ssh", ['echo "$1" >> reached', 'exec bash -c "$2"'])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment |= PATIENT
    environment |= {"PATH": f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "SET": "gen", "OUT": "run", "PORT": str(port), "NODES": nodes}  # fmt: skip
    script = ["bash", str(ROOT / "docs" / "ray-cluster.sh"), "-m", "audio.loudness", "--store", "store"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stderr
    avmeter("score", "gen", "-m", "audio.loudness", "--out", "one", "--no-store")
    assert Path("run/results.csv").read_text() == Path("one/results.csv").read_text()
    assert Path("reached").is_file() == bool(nodes)
    with socket.socket() as after:
        assert after.connect_ex((_own_address(), port)) != 0  # the cluster has ended


def _own_address() -> str:
    command = [sys.executable, "-c", "import ray; print(ray.util.get_node_ip_address())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
