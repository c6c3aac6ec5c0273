"""The leaderboard: letters, floors, escaped names, and what is said where nothing can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.report.leaderboard_page import make_leaderboard, write_leaderboard
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.folder import STRESS_FORMAT
from avmeter.sample import as_samples

EVIL = "<script>alert(1)</script>"


def run_of(shift: float) -> EvalResults:
    rows = [{"m.a": MetricResult("m.a", i % 5 + shift)} for i in range(12)]
    samples = as_samples([{"id": str(i)} for i in range(12)])
    corpus = {"m.fad": MetricResult("m.fad", 3.0 + shift)}
    return EvalResults(rows, corpus, samples=samples, provenance={"metrics": {"m.a": {"direction": "higher"}}})


def test_page_has_letters_and_says_how(tmp_path: Path) -> None:
    """Different systems have different letters, the correction stands below, and corpus scores have none."""
    board = make_leaderboard({EVIL: run_of(0), "b": run_of(9)})
    page = write_leaderboard(board, tmp_path / "new/lb.html").read_text("utf-8")
    assert EVIL not in page
    assert '<sup class="letters">a</sup>' in page
    assert '<sup class="letters">b</sup>' in page
    assert "Bonferroni over 1 pair of systems" in page
    assert "Without letters" in page
    assert "m.fad" in page


def test_floors_of_an_experiment_are_rows(tmp_path: Path) -> None:
    """Only where it has some; what is no experiment is refused with advice."""
    anchors = [{"anchor": "silence", "metric": "m.a", "score": 0.125}, {"anchor": "silence", "metric": "x", "score": 1}]
    (tmp_path / "stress.json").write_text(json.dumps({"format": STRESS_FORMAT, "anchors": anchors}))
    runs = {"a": run_of(0), "b": run_of(9)}
    page = write_leaderboard(make_leaderboard(runs, experiment=tmp_path), tmp_path / "lb.html").read_text("utf-8")
    assert "floor: silence" in page
    assert "0.1250" in page
    (tmp_path / "stress.json").write_text(json.dumps({"format": STRESS_FORMAT}))
    with pytest.raises(UsageError, match="no floors"):
        make_leaderboard(runs, experiment=tmp_path)
    with pytest.raises(UsageError, match="no stress experiment"):
        make_leaderboard(runs, experiment=tmp_path / "gone")
