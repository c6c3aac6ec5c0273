"""The wide table: spreadsheets compute nothing of it, and numbers stay numbers."""

from __future__ import annotations

import csv
import io

import pytest

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.run.spreadsheet import results_csv, spreadsheet_cell
from avmeter.sample import as_samples


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "  =1", "\t=1", "\uff1d1"])
def test_formula_is_text_to_a_spreadsheet(text: str) -> None:
    """An apostrophe precedes what would be computed, also behind blanks."""
    assert spreadsheet_cell(text) == f'"\'{text}"'


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_cell_is_one_line(mark: str) -> None:
    """No row begins with what stands behind a line break, whatever the reader takes for one."""
    name = f"a{mark}=cmd|' /C calc'!A0"
    samples = as_samples([{"id": name, "audio": "a.wav", "note": name}])
    text = results_csv(EvalResults([{"m.x": MetricResult("m.x", -1.5)}], samples=samples))
    assert len(text.splitlines()) == 2
    row = list(csv.reader(io.StringIO(text)))[1]
    assert row == ["a⏎=cmd|' /C calc'!A0", "generated", "-1.5", "", "a⏎=cmd|' /C calc'!A0"]


def test_line_break_does_not_hide_a_formula() -> None:
    """What begins with a line break begins with what follows."""
    assert spreadsheet_cell("\r=1") == '"\'⏎=1"'
    assert spreadsheet_cell('say "=1"') == '"say ""=1"""'
    assert spreadsheet_cell("a=b") == '"a=b"'


def test_numbers_stay_numbers() -> None:
    """Scores and extras that are negative are not texts."""
    samples = as_samples([{"id": "a", "audio": "a.wav", "offset": -0.5, "seed": "-3e-4", "note": "-3 dB"}])
    text = results_csv(EvalResults([{"m.x": MetricResult("m.x", -1.5)}], samples=samples))
    assert text.splitlines()[1] == '"a","generated",-1.5,,-0.5,-3e-4,"\'-3 dB"'


def test_transcripts_stand_beside_error_rates() -> None:
    """What was heard says more than the number; a clip without it has an empty cell, and no formula comes of it."""
    samples = as_samples([{"id": name, "audio": f"{name}.wav", "note": "x"} for name in "ab"])
    heard = {"transcription": "=one two", "second_transcription": "one too", "raw_transcription": "=One, two."}
    skipped = MetricResult.skipped("audio.wer", Skip(code=SkipCode.SILENT, reason="b: silent"))
    rows = [
        {"m.x": MetricResult("m.x", 1.0), "audio.wer": MetricResult("audio.wer", 0.5, heard)},
        {"audio.wer": skipped},
    ]
    first, second = csv.DictReader(io.StringIO(results_csv(EvalResults(rows, samples=samples))))
    assert list(first) == [
        "sample_id", "role", "m.x", "audio.wer", "skipped", "audio.wer.transcription", "audio.wer.second_transcription",
        "extra.note",
    ]  # fmt: skip
    assert (first["audio.wer.transcription"], first["audio.wer.second_transcription"]) == ("'=one two", "one too")
    assert (second["audio.wer.transcription"], second["extra.note"]) == ("", "x")
