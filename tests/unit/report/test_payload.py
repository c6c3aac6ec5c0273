"""Data of the page: links, details within a budget, JSON that cannot leave its element."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markupsafe import Markup

from avmeter.errors import SkipCode
from avmeter.report.payload import link_to, make_payload, script_json
from avmeter.result import MetricResult, Skip
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


def test_links_go_from_the_page_to_the_clip(tmp_path: Path) -> None:
    """Upwards where the clip lies elsewhere, quoted, with bytes that are no text."""
    assert link_to(tmp_path / "clips/a b#.mp4", tmp_path / "run") == "../clips/a%20b%23.mp4"
    assert link_to(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")), tmp_path) == "caf%E9.wav"


def test_skips_and_dummy_marks_are_by_metric(tmp_path: Path) -> None:
    """A sample names the columns that are absent or marked; one without either has neither key."""
    skipped = MetricResult.skipped("m.b", Skip(code=SkipCode.SILENT, reason="a.wav: silent", hint="listen"))
    rows = [{"m.a": MetricResult("m.a", 1.0), "m.b": skipped}, {"m.a": MetricResult("m.a", 2.0).marked_dummy()}]
    first, last = make_payload(EvalResults(rows), tmp_path).data["samples"]
    assert first["skips"] == {"1": ["silent", "a.wav: silent", "listen"]}
    assert "dummy" not in first
    assert last["dummy"] == [0]
    assert last["scores"] == [2.0, None]
    assert "skips" not in last


def test_reference_context_is_not_in_the_payload(tmp_path: Path) -> None:
    """Only what is scored is shown."""
    samples = as_samples([{"audio": "a.wav"}, {"audio": "r.wav", "role": "reference"}])
    payload = make_payload(EvalResults([{"m.a": MetricResult("m.a", 1.0)}, {}], samples=samples), tmp_path)
    assert [s["id"] for s in payload.data["samples"]] == ["a.wav"]


@pytest.mark.parametrize("name", ["\ud800", "a\udfffb", "\x00", "x" * 300])
def test_name_that_no_file_can_have_is_linked_all_the_same(tmp_path: Path, name: str) -> None:
    """Its clip is a skip, which the page shows; the page does not fail over it."""
    assert link_to(Path(f"/c/{name}.wav"), tmp_path).endswith(".wav")
