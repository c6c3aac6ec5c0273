"""What a run leaves: its folder, what is printed, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avmeter.cli.scoring.write import write_and_show
from avmeter.result import MetricResult
from avmeter.run import EvalResults, folder, results


def test_run_is_summed_up_once_for_all_that_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the folder, the tables and the page, however large the set."""
    summaries = []

    def summarise(run: Any) -> dict[str, Any]:
        summaries.append(original(run))
        return summaries[-1]

    original = results.summarise
    for module in (results, folder):
        monkeypatch.setattr(module, "summarise", summarise)
    run = EvalResults([{"m.a": MetricResult("m.a", score)} for score in (1.0, 3.0)])
    write_and_show(run, tmp_path / "run", "tables", most_drawn=0)
    (summary,) = summaries
    written = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert written["metrics"] == json.loads(json.dumps(summary["metrics"]))
    assert "m.a" in capsys.readouterr().out
    assert (tmp_path / "run" / "report.html").is_file()
