"""Every command that prints results prints them as JSON, too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from support.commandline import avmeter
from support.media import write_pcm_wav

COMMANDS = {
    "score": ["score", "gen", "-m", "audio.loudness"],
    "dry run": ["score", "gen", "-m", "audio", "--dry-run"],
    "report": ["report", "run"],
    "compare": ["compare", "run", "run2"],
    "table": ["table", "run", "run2"],
    "leaderboard": ["leaderboard", "run", "run2"],
    "merge": ["merge", "shards"],
    "list": ["list"],
    "names": ["list", "--names"],
    "presets": ["list", "--presets"],
    "doctor": ["doctor"],
    "checkpoints": ["weights", "list"],
    "probe": ["probe", "gen/0.wav", "gen/1.wav"],
    "audit": ["audit", "gen"],
    "stress": ["stress", "gen", "-m", "audio.loudness", "--variants", "silence", "--out", "stress"],
}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips, and two runs of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    (tmp_path / "gen").mkdir()
    for i in range(2):
        noise = np.random.default_rng(i).standard_normal(16_000).astype(np.float32)
        write_pcm_wav(tmp_path / "gen" / f"{i}.wav", 0.1 * noise, 16_000)


@pytest.mark.parametrize("name", COMMANDS)
def test_standard_output_is_one_json_value(name: str) -> None:
    """And nothing else, whatever the command remarks."""
    if name in ("report", "compare", "table", "leaderboard"):
        for run in ("run", "run2"):
            assert avmeter("score", "gen", "-m", "audio.loudness", "--out", run).code == 0
    if name == "merge":
        assert avmeter("score", "gen", "-m", "audio.loudness", "--shard", "1/1", "--out", "shards/{shard}").code == 0
    done = avmeter(*COMMANDS[name], "--json")
    assert done.code in (0, 3) or name == "doctor", done.err
    assert json.loads(done.out)


@pytest.mark.parametrize(("condition", "code"), [("audio.loudness > 5", 0), ("audio.loudness < 5", 5)])
def test_condition_decides_how_score_ends(condition: str, code: int) -> None:
    """And is named where it fails the run."""
    done = avmeter("score", "gen", "-m", "audio.loudness", "--fail-if", condition)
    assert done.code == code
    assert ("--fail-if" in done.err) == (code == 5)


def test_condition_decides_how_compare_ends() -> None:
    """Of equal runs no difference is above 0.01, and all are below."""
    for run in ("run", "run2"):
        avmeter("score", "gen", "-m", "audio.loudness", "--out", run)
    assert avmeter("compare", "run", "run2", "--fail-if", "audio.loudness > +0.01").code == 3
    assert avmeter("compare", "run", "run2", "--fail-if", "audio.loudness < +0.01").code == 5


def test_condition_of_a_part_is_left_to_merge() -> None:
    """A gate without effect would be none: a part of a set has no corpus score, the merged run has."""
    part = ["score", "gen", "-m", "audio.loudness", "--shard", "1/1", "--out", "shards/{shard}"]
    refused = avmeter(*part, "--fail-if", "audio.loudness < 5")
    assert (refused.code, "avmeter merge ... --fail-if" in refused.err) == (2, True)
    assert avmeter(*part).code == 0
    assert avmeter("merge", "shards", "--fail-if", "audio.loudness < 5").code == 5
    assert avmeter("merge", "shards", "--fail-if", "audio.loudness > 5").code == 0
    merged = json.loads(avmeter("merge", "shards", "--json", "--fail-if", "audio.loudness > 5").out)
    assert [gate["holds"] for gate in merged["fail_if"]] == [False]
    for condition in ("audio.loudnes > 5", "audio.wer > 5"):
        refused = avmeter("merge", "shards", "--out", "merged", "--fail-if", condition)
        assert (refused.code, refused.out, Path("merged").exists()) == (2, "", False)


def test_leaderboard_has_letters_and_no_page_where_json_is_asked_for(tmp_path: Path) -> None:
    """A page only where one is named."""
    for run in ("run", "run2"):
        avmeter("score", "gen", "-m", "audio.loudness", "--out", run)
    board = json.loads(avmeter("leaderboard", "run", "run2", "--json").out)
    assert (list(board["table"]["rows"]), board["confidence"], board["letters"]) == (["run", "run2"], 0.95, {})
    assert not (tmp_path / "leaderboard.html").exists()
    assert avmeter("leaderboard", "run", "run2").code == 0
    assert (tmp_path / "leaderboard.html").is_file()


def test_comparison_of_three_names_the_command_for_them() -> None:
    """Not an argument too many, but what takes them all."""
    done = avmeter("compare", "a", "b b", "c")
    assert done.code == 2
    assert "avmeter leaderboard a 'b b' c --out leaderboard.html" in done.err
    assert avmeter("compare", "a").code == 2
