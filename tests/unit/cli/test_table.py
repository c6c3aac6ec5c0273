"""`avmeter table`: run folders in, a paper's table out."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from avmeter.cli.app import app
from avmeter.errors import UsageError
from support.systems import system_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, scores in (("ours", [0.1, 0.2]), ("theirs", [0.3, 0.4])):
        results = system_run(scores, metric="audio.desync")
        results.provenance["preset"] = "v2a"
        results.write(tmp_path / name)
    return tmp_path


def invoke(*words: str) -> str:
    found = CliRunner().invoke(app, ["table", *words])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.stdout


def test_runs_of_one_preset_have_its_columns(runs: Path) -> None:
    """Rows are named by folder, or as said."""
    text = invoke(str(runs / "ours"), f"Theirs={runs / 'theirs'}")
    assert "| System | DeSync ↓ |" in text
    assert "| ours | **0.150** |" in text
    assert "| Theirs | 0.350 |" in text


def test_name_stays_where_the_folder_ends_with_a_slash(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells complete folders with one; a folder with "=" in its own name is no NAME=RUN."""
    (runs / "theirs").rename(runs / "x=y")
    monkeypatch.chdir(runs)
    text = invoke("Ours=ours/", "x=y/")
    assert "| Ours | **0.150** |" in text
    assert "| x=y | 0.350 |" in text


def test_published_rows_stand_below(runs: Path) -> None:
    """Those of the preset."""
    assert "| MMAudio-L-44.1kHz (Cheng et al. (2025), table 1) | 0.442 |" in invoke(str(runs / "ours"), "--published")


def test_table_can_be_written_to_a_file(runs: Path) -> None:
    """As a whole."""
    invoke(str(runs / "ours"), "--format", "latex", "--out", str(runs / "t.tex"))
    assert (runs / "t.tex").read_text().startswith(r"\begin{tabular}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["ours", "--format", "latx"], "did you mean `latex`"),
        (["ours", "ours"], "two rows are called 'ours'"),
        (["nowhere"], "not a run folder"),
        (["ours", "--preset", "v2s"], "did you mean `v2a`"),
    ],
)
def test_wrong_words_are_refused(runs: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str) -> None:
    """With what would do."""
    monkeypatch.chdir(runs)
    with pytest.raises(UsageError, match=message):
        invoke(*words)
