"""A run from a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from avmeter.cli.config_file import read_config
from avmeter.errors import UsageError
from support import require
from support.commandline import avmeter
from support.media import write_pcm_wav


@pytest.fixture(autouse=True)
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "gen").mkdir()
    for name in ("a", "b"):
        noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
        write_pcm_wav(tmp_path / "gen" / f"{name}.wav", 0.1 * noise, 16_000)


def test_words_of_the_file_are_those_of_the_command_line() -> None:
    """With dashes or underscores, lists and tables; the command line goes before the file."""
    Path("run.toml").write_text(
        'inputs = ["gen"]\nmetrics = "audio.loudness"\ntext-prompt = "noise"\nout = "other"\n'
        "[limit]\nmax_duration_s = 60\n"
    )
    done = avmeter("score", "--config", "run.toml", "--out", "run", "--json")
    assert done.code == 0, done.err
    printed = json.loads(done.out)
    config = json.loads(Path("run/run.json").read_text())["provenance"]["config"]
    assert printed["provenance"]["config"] == config
    assert config["inputs"] == ["gen"]
    assert config["limit"] == ["max_duration_s=60"]
    assert (config["text_prompt"], config["out"]) == ("noise", "run")
    assert not Path("other").exists()


def test_run_is_repeated_from_its_folder() -> None:
    """`--config run/run.json` scores the same clips with the same options."""
    assert avmeter("score", "gen", "-m", "audio.loudness", "--out", "run").code == 0
    before = Path("run/results.csv").read_text()
    done = avmeter("score", "--config", "run/run.json")
    assert done.code == 0, done.err
    assert Path("run/results.csv").read_text() == before


def test_conditions_of_the_file_and_of_the_command_line_count() -> None:
    """A gate of the file cannot be lost by adding one; JSON has each, its score and whether it holds."""
    Path("run.toml").write_text('inputs = ["gen"]\nmetrics = "audio.loudness"\nfail_if = ["audio.loudness < 5"]\n')
    done = avmeter("score", "--config", "run.toml", "--fail-if", "lufs > 5", "--json")
    assert (done.code, "--fail-if 'audio.loudness < 5' holds" in done.err) == (5, True)
    printed = json.loads(done.out)
    gates = {gate["condition"]: gate for gate in printed["fail_if"]}
    assert {text: gate["holds"] for text, gate in gates.items()} == {"audio.loudness < 5": True, "lufs > 5": False}
    assert gates["lufs > 5"]["score"] == printed["summary"]["metrics"]["audio.loudness"]["mean"]
    assert printed["provenance"]["config"]["fail_if"] == ["audio.loudness < 5", "lufs > 5"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("metrix = 'a'", "did you mean `metrics`"),
        ("metrics = [", "cannot be read"),
        ("device = ['cpu']", "takes one value"),
        ("strict = 'yes'", "is true or false"),
    ],
)
def test_doubtful_file_is_refused(content: str, said: str) -> None:
    """Before anything runs, with a sentence."""
    Path("run.toml").write_text(content)
    done = avmeter("score", "gen", "--config", "run.toml")
    assert done.code == 2
    assert said in done.err


@require.needs("system", hasattr(os, "mkfifo"), "no named pipes")
def test_file_that_is_none_is_refused() -> None:
    """A device without an end, a pipe that nobody writes to: read like a file they take all memory, or all time."""
    os.mkfifo("pipe.toml")
    for path in ("/dev/zero", "pipe.toml"):
        with pytest.raises(UsageError, match="a pipe or a device, not a file"):
            read_config(Path(path))
