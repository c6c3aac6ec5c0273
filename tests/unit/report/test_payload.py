"""Data of the page: links, details within a budget, JSON that cannot leave its element."""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markupsafe import Markup

from avmeter.errors import SkipCode
from avmeter.report import write_report
from avmeter.report.payload import choose_samples, link_to, make_payload, script_json
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import as_samples
from support.hostile import RAISING, RaisingNumber, RaisingText

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


def large_run(count: int) -> EvalResults:
    """Two metrics; every hundredth sample has a skip of the second."""
    skipped = MetricResult.skipped("m.b", Skip(code=SkipCode.SILENT, reason="silent"))
    rows = [
        {
            "m.a": MetricResult("m.a", (i * 7919 % count) / 2),
            "m.b": skipped if i % 100 == 50 else MetricResult("m.b", i),
        }
        for i in range(count)
    ]
    return EvalResults(rows, samples=as_samples([{"id": f"c{i}"} for i in range(count)]))


def test_page_of_a_large_run_has_extremes_skips_and_a_spread_of_the_others(tmp_path: Path) -> None:
    """As many as there are places, in order; the best and the worst of each metric are never left out."""
    results = large_run(5000)
    found = choose_samples(results, ["m.a", "m.b"], most=400)
    assert len(found) == 400
    assert found == sorted(set(found))
    for name in ("m.a", "m.b"):
        ranked = sorted((row[name].score, i) for i, row in enumerate(results) if row[name].score is not None)
        assert {i for _, i in [*ranked[:50], *ranked[-50:]]} <= set(found)
    assert sum(results[i]["m.b"].score is None for i in found) >= 50
    assert max(b - a for a, b in itertools.pairwise(found)) < 60
    payload = make_payload(results, tmp_path, most_samples=400)
    assert [len(payload.data["samples"]), payload.num_left_out] == [400, 4600]


def test_page_of_a_small_run_has_all_of_it(tmp_path: Path) -> None:
    """Up to the number of places, and without a metric of samples."""
    assert choose_samples(large_run(300), ["m.a", "m.b"], most=300) == list(range(300))
    empty = EvalResults([{} for _ in range(10)], samples=as_samples([{"id": str(i)} for i in range(10)]))
    assert choose_samples(empty, [], most=4) == [0, 2, 5, 7]
    assert make_payload(large_run(300), tmp_path).num_left_out == 0


def test_page_says_what_it_leaves_out(tmp_path: Path) -> None:
    """With both numbers, and where the rest is; its size does not grow with the run."""
    results = large_run(6000)
    page = write_report(results, tmp_path).read_text("utf-8")
    assert "This table has 5,000 of 6,000 samples" in page
    assert "All of them are in results.csv" in page
    assert "6000 samples, 2 metrics" in page


def test_columns_of_any_kind_leave_the_page(tmp_path: Path) -> None:
    """A text or a number under a class that raises is itself; a number beyond all others is none."""
    extras = {"words": RaisingText("ü"), "rate": RaisingNumber(2), "large": 10**400, "own": RAISING}
    results = EvalResults([{"m.a": MetricResult("m.a", 0.5)}], samples=as_samples([{"audio": "a.wav", **extras}]))
    assert make_payload(results, tmp_path).data["samples"][0]["columns"] == {"words": "ü", "rate": 2.0}
