"""`avmeter demo`: what a newcomer runs first."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from support.commandline import avmeter, contents, start
from support.speech import needs_speech


@pytest.mark.full
@needs_speech
def test_demo_prints_a_table_and_keeps_every_promise(tmp_path: Path) -> None:
    """Four clips, nine variants, all metrics with weights here; a page, and no broken promise."""
    done = avmeter("demo", "--out", tmp_path)
    assert done.code == 0, done.err
    assert max(len(line) for line in done.out.splitlines() if line.startswith(("│", "┃"))) <= 120
    content = json.loads((tmp_path / "stress.json").read_text("utf-8"))
    assert [v for v in content["verdicts"] if v["kept"] is False] == []
    assert {c["variant"] for c in content["cells"]} >= {"original", "silence", "unrelated"}
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize("name", ["originals/melody.mp4", "clips/siren.flac", "report.html", "stress.json", "run.json"])
def test_files_of_others_are_refused_before_a_clip_is_rendered(tmp_path: Path, name: str) -> None:
    """A demonstration replaces nothing but its own."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    before = contents(tmp_path)
    done = avmeter("demo", "--out", tmp_path)
    assert done.code == 2
    assert f"holds {path.name}, which no run has written" in done.err
    assert contents(tmp_path) == before


@pytest.mark.full
@needs_speech
def test_demo_that_is_interrupted_keeps_what_is_finished(tmp_path: Path) -> None:
    """Its first variants are in the run folder, and the next one takes their features from its store."""
    process = start("demo", "--out", tmp_path)
    assert process.stderr is not None
    count = 0
    for line in process.stderr:
        count += line.startswith("scoring: ")
        if count == 3:
            process.send_signal(signal.SIGINT)
            break
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "run.json").read_text())["partial"] is True
    content = json.loads((tmp_path / "stress.json").read_text("utf-8"))
    assert {c["variant"] for c in content["cells"]} >= {"original"}
    assert "advance 1 s" in content["unfinished"]
    again = avmeter("demo", "--out", tmp_path)
    assert again.code == 0
    assert "partial" not in json.loads((tmp_path / "run.json").read_text())
