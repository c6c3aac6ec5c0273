"""No command reaches out to anybody, or writes where nobody asked it to, while it has all that it needs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from support import require
from support.commandline import PROGRAM, avmeter
from support.media import write_pcm_wav
from support.speech import needs_speech
from support.tracing import require_tracing, trace
from support.wavlm import write_wavlm_folder
from support.weights import AUTO

pytestmark = pytest.mark.usefixtures("tracing")

WITHOUT_NETWORKS = {
    "help": ["--help"],
    "list": ["list"],
    "doctor": ["doctor"],
    "audit": ["audit", "clips"],
    "probe": ["probe", "--decode", "clips/a.wav"],
    "checkpoints": ["weights", "list"],
    "verification": ["weights", "verify"],
    "loudness": ["score", "clips", "-m", "audio.loudness", "--out", "run"],
    "stress": ["stress", "clips", "-m", "audio.loudness", "--variants", "silence", "--out", "stress"],
    "CLAP of dummy weights": [
        "score", "clips", "-m", "audio.clap_score", "--text-prompt", "noise", "--weights", "dummy", "--out", "clap",
    ],
}  # fmt: skip
WITH_NETWORKS = {
    "DNSMOS": (["dnsmos-p835", "dnsmos-p808"], ["score", "clips", "-m", "audio.dnsmos", "--out", "run"]),
    "DNSMOS in workers": (
        ["dnsmos-p835", "dnsmos-p808"],
        ["score", "clips", "-m", "audio.dnsmos", "--processes", "1", "--out", "run"],
    ),
    "YAMNet": (["yamnet"], ["features", "export", "clips", "--extractor", "yamnet", "--out", "reference.npz"]),
    "Whisper": (
        ["faster-whisper-base"],
        ["score", "spoken.jsonl", "-m", "audio.wer", "--out", "run"],
    ),
}


@pytest.fixture(scope="module")
def tracing() -> None:
    require_tracing()


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clips in the folder `clips`, which lies in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        write_pcm_wav(folder / name, (0.1 * rng.standard_normal(48_000)).astype(np.float32), 16_000)
    (tmp_path / "spoken.jsonl").write_text('{"audio": "clips/a.wav", "reference_text": "hello"}\n')
    return folder


def command(*arguments: str) -> list[str]:
    return [*PROGRAM, *arguments]


def quiet(arguments: Sequence[str], folder: Path, *, code: int = 0) -> None:
    """Run a command of avmeter that must end with this code and reach out to nobody."""
    done = trace(command(*arguments), folder / "traced", {"AVMETER_CACHE": str(folder / "cache")})
    assert done.code == code, done.err
    assert done.calls == []
    assert done.files == []


def test_attempt_to_reach_out_is_counted(tmp_path: Path) -> None:
    """A name that is looked up, a connection of a child, and a file in the home folder: the counting counts."""
    program = (
        "import pathlib, socket, subprocess, sys\n"
        "pathlib.Path.home().joinpath('left').touch()\n"
        "subprocess.run([sys.executable, '-c', 'import socket; socket.socket().connect_ex((\"192.0.2.1\", 80))'])\n"
        "try:\n    socket.getaddrinfo('models.invalid', 443)\nexcept OSError:\n    pass\n"
    )
    done = trace([sys.executable, "-c", program], tmp_path / "traced")
    assert done.files == ["left"]
    assert any("192.0.2.1" in call for call in done.calls)
    assert any("htons(53)" in call for call in done.calls)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.endurance) if n == "stress" else n for n in WITHOUT_NETWORKS]
)
def test_command_reaches_nobody(name: str, clips: Path, tmp_path: Path) -> None:
    """0 connections, 0 look-ups, 0 files in the home folder."""
    quiet(WITHOUT_NETWORKS[name], tmp_path)


@pytest.mark.parametrize(
    "name",
    ["DNSMOS", "YAMNet", *(pytest.param(n, marks=pytest.mark.endurance) for n in ("DNSMOS in workers", "Whisper"))],
)
def test_command_with_real_weights_reaches_nobody(name: str, clips: Path, tmp_path: Path) -> None:
    """Neither do the libraries that run networks, some of which report their use unless they are told not to."""
    entries, arguments = WITH_NETWORKS[name]
    require.weights(*entries)
    quiet(arguments, tmp_path)


def test_commands_over_run_folders_reach_nobody(clips: Path, tmp_path: Path) -> None:
    """`report` and `compare` read and write where they are told to."""
    for run in ("one", "two"):
        assert avmeter("score", "clips", "-m", "audio.loudness", "--no-store", "--out", run).code == 0
    quiet(["report", "one"], tmp_path / "report")
    quiet(["compare", "one", "two"], tmp_path / "compare", code=3)  # two clips are too few for a verdict


@pytest.mark.full
@needs_speech
def test_demo_reaches_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All metrics with weights here, over clips that are made on the spot."""
    monkeypatch.chdir(tmp_path)
    quiet(["demo"], tmp_path)


def test_library_that_stays_loaded_reports_nothing(tmp_path: Path) -> None:
    """Neither at its import nor after it: onnxruntime writes a device id, and now and then looks a server up."""
    require.package("onnxruntime")
    program = (
        "import time\nfrom avmeter.telemetry import import_without_telemetry as load\n"
        "load('onnxruntime')\ntime.sleep(1)\n"
    )
    done = trace([sys.executable, "-c", program], tmp_path / "traced")
    assert (done.code, done.calls, done.files) == (0, [], [])


def test_folder_with_a_pickled_network_reaches_nobody(clips: Path, tmp_path: Path) -> None:
    """A folder of the user's is read as it is: nobody is asked for its weights in a newer format."""
    require.package("transformers")
    model = write_wavlm_folder(tmp_path / "model", pickled=True)
    metric = "audio.speaker_similarity"
    options = ["--set", f"{metric}.encoder=wavlm", "--set", f"{metric}.model_name={model}"]
    quiet(["score", "clips", "--reference", "clips", "-m", metric, *options, "--out", "run"], tmp_path, code=3)


def test_whisper_folder_without_a_tokenizer_reaches_nobody(clips: Path, tmp_path: Path) -> None:
    """The library would fetch the tokenizer; the metric is skipped instead."""
    require.weights("faster-whisper-base")
    model = tmp_path / "model"
    shutil.copytree(AUTO.folder("faster-whisper-base"), model)
    (model / "tokenizer.json").unlink()
    options = ["-m", "audio.wer", "--set", f"audio.wer.model_name={model}", "--out", "run"]
    quiet(["score", "spoken.jsonl", *options], tmp_path, code=3)
