"""Data of the page: links, details within a budget, JSON that cannot leave its element."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markupsafe import Markup

from avmeter.report.payload import link_to, make_payload, script_json
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import as_samples

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"


@pytest.mark.parametrize("name", ["a b.mp4", "ü#1?.mp4", "100%.mp4", "javascript:alert(1).mp4", "q\"'<>.mp4"])
def test_links_are_relative_and_quoted(tmp_path: Path, name: str) -> None:
    """A link leads from the run folder to the clip whatever the clip is called."""
    link = link_to(tmp_path / "gen" / name, tmp_path / "out/run")
    assert link.startswith("../../gen/")
    assert unquote(link) == f"../../gen/{name}"
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", link)


def test_details_of_large_runs_are_bounded(tmp_path: Path) -> None:
    """What does not fit is counted, and scores stay."""
    rows = [{"m.a": MetricResult("m.a", i / 2, {"transcription": EVIL})} for i in range(3)]
    results = EvalResults(rows, samples=as_samples([{"id": n, "audio": "a.wav"} for n in "abc"]))
    payload = make_payload(results, tmp_path, details_budget=150)
    assert payload.num_without_details == 2
    assert ["details" in s for s in payload.data["samples"]] == [True, False, False]
    assert [s["scores"] for s in payload.data["samples"]] == [[0.0], [0.5], [1.0]]


def test_script_json_survives_any_text() -> None:
    """Nothing in it can end the script element, and it parses back."""
    value = {"a": EVIL + "\u2028&<!--"}
    text = script_json(value)
    assert isinstance(text, Markup)
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == value
