"""The page of two runs: verdicts, pairs of clips as data, foreign text harmless."""

from __future__ import annotations

import json
import re
from pathlib import Path

from avmeter.report.compare_page import write_comparison
from avmeter.result import MetricResult
from avmeter.run import EvalResults, compare
from avmeter.sample import as_samples

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"


def run_of(sign: float, folder: str) -> EvalResults:
    details = {"transcription": EVIL, "diff": [["substitute", "a", EVIL]]}
    rows = [{"m.a": MetricResult("m.a", sign * (1 + i), dict(details))} for i in range(8)]
    samples = as_samples([{"id": f"{EVIL}{i}", "audio": f"{folder}/{i}.wav", "text_prompt": EVIL} for i in range(8)])
    return EvalResults(rows, samples=samples, provenance={"metrics": {"m.a": {"direction": "higher"}}})


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


def test_page_has_the_verdict_and_both_sides_of_each_pair(tmp_path: Path) -> None:
    """Scores, links and aligned transcripts of both runs, and nothing of them is markup."""
    a, b = run_of(1, str(tmp_path / "a")), run_of(-1, str(tmp_path / "b"))
    out = write_comparison(compare(a, b, cluster="id"), a, b, tmp_path / "deep/c.html")
    page = out.read_text("utf-8")
    assert '<span class="verdict worse">worse</span>' in page
    assert page.count("<script") == 2
    assert "<img" not in re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert "default-src 'none'" in page
    first = data_of(page)["samples"][0]
    assert [s["scores"] for s in first["sides"]] == [[1.0], [-1.0]]
    assert [s["media"]["audio"] for s in first["sides"]] == ["../a/0.wav", "../b/0.wav"]
    assert first["sides"][0]["details"]["0"]["diff"] == [["substitute", "a", EVIL]]
    assert data_of(page)["names"] == ["A", "B"]


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """By A and B."""
    a, b = run_of(1, "x"), run_of(-1, "y")
    a.write(tmp_path / "a/run")
    b.write(tmp_path / "b/run")
    found = compare(tmp_path / "a/run", tmp_path / "b/run", cluster="id")
    page = write_comparison(found, a, b, tmp_path / "c.html", most_drawn=0).read_text("utf-8")
    assert data_of(page)["names"] == ["run (A)", "run (B)"]
