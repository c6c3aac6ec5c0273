"""The run folder: complete, strict, marked, and harmless to what is around it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from avmeter.errors import UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, read_run
from avmeter.sample import as_samples

FILES = ["results.csv", "results.parquet", "run.json", "samples.parquet", "summary.json"]


def test_run_has_its_files_and_no_others(tmp_path: Path, make_run) -> None:
    """Folders above it are made; no temporary file stays."""
    folder = make_run([0.1]).write(tmp_path / "deep/run")
    assert sorted(p.name for p in folder.iterdir()) == FILES


def test_parquet_has_one_row_per_sample_and_metric(tmp_path: Path, make_run) -> None:
    """With an absent score as null and details as JSON."""
    make_run([0.1, None]).write(tmp_path)
    rows = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert [(r["sample_id"], r["metric"], r["score"], r["skip_code"]) for r in rows] == [
        ("c0.wav", "audio.wer", 0.1, None),
        ("c0.wav", "audio.quality", 0.9, None),
        ("c1.wav", "audio.wer", None, "no_audio_track"),
        ("c1.wav", "audio.quality", None, "skipped"),
    ]
    assert json.loads(rows[0]["details"]) == {"transcription": "hi"}


def test_csv_is_wide_and_marks_dummy_scores(tmp_path: Path, make_run) -> None:
    """One row per sample; the mark stands in the header; skips are codes, never numbers."""
    make_run([0.1, None], dummy=True).write(tmp_path)
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["sample_id", "role", "audio.wer [dummy weights]", "audio.quality", "skipped"]
    assert table[1] == ["c0.wav", "generated", "0.1", "0.9", ""]
    assert table[2] == ["c1.wav", "generated", "", "", "audio.wer: no_audio_track; audio.quality: skipped"]
    assert table[3][:2] == ["reference:r.wav", "reference"]


def test_dummy_mark_is_in_every_file(tmp_path: Path, make_run) -> None:
    """Whoever opens one file alone sees it."""
    make_run([0.1], dummy=True).write(tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["mark"] == "dummy weights"
    assert "dummy weights" in json.loads((tmp_path / "summary.json").read_text())["mark"]
    assert pq.read_table(tmp_path / "results.parquet").to_pylist()[0]["dummy"] is True
    assert "dummy weights" in (tmp_path / "results.csv").read_text()


@pytest.mark.parametrize("name", ["=1+1", "+a", "-2", "@x", "\tx"])
def test_names_are_not_formulas_in_the_csv(tmp_path: Path, name: str) -> None:
    """A spreadsheet shows the name and computes nothing; numbers stay numbers."""
    samples = as_samples([{"id": name, "audio": "a.wav"}])
    EvalResults([{"m.x": MetricResult("m.x", -1.5)}], samples=samples).write(tmp_path)
    with (tmp_path / "results.csv").open(newline="") as file:
        row = list(csv.reader(file))[1]
    assert row[0] == f"'{name}"
    assert row[2] == "-1.5"
    assert read_run(tmp_path).sample_ids == [name]


@pytest.mark.parametrize("name", ["../../escape", "a/b\\c", "nul\x00l", "\udcff", "x" * 5000, "\u202etxt", "a\nb"])
def test_names_never_become_paths(tmp_path: Path, name: str) -> None:
    """Whatever a sample is called, the folder has the same files, and they can be read."""
    samples = as_samples([{"id": name, "audio": "a.wav"}])
    folder = EvalResults([{"m.x": MetricResult("m.x", 1.0)}], samples=samples).write(tmp_path / "run")
    assert sorted(p.name for p in folder.iterdir()) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert len(read_run(folder)) == 1


def test_json_is_strict(tmp_path: Path) -> None:
    """No NaN and no infinity in any file, whatever a metric put into its details."""
    details = {
        "a": float("nan"),
        "b": np.array([1.0, np.inf]),
        "c": np.float32(2),
        "d": {"x"},
        "e": Path("p"),
        "f": (1,),
    }
    EvalResults([{"m.x": MetricResult("m.x", 1.0, details)}], {"m.x": MetricResult("m.x", 1.0, details)}).write(
        tmp_path
    )

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    for name in ("summary.json", "run.json"):
        json.loads((tmp_path / name).read_text(), parse_constant=refuse)
    assert read_run(tmp_path)[0]["m.x"].details == {
        "a": None,
        "b": [1.0, None],
        "c": 2.0,
        "d": ["x"],
        "e": "p",
        "f": [1],
    }


def test_other_files_are_left_alone(tmp_path: Path, make_run) -> None:
    """A run written over a run keeps what else lies there."""
    (tmp_path / "notes.txt").write_text("mine")
    make_run([0.1]).write(tmp_path)
    make_run([0.2, 0.3]).write(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(read_run(tmp_path)) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*FILES, "notes.txt"])


def test_files_of_the_same_name_by_others_are_not_replaced(tmp_path: Path, make_run) -> None:
    """A results.csv that no run has written is refused."""
    (tmp_path / "results.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"results\.csv, which no run has written"):
        make_run([0.1]).write(tmp_path)
    assert (tmp_path / "results.csv").read_text() == "mine"
