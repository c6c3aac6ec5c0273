"""Extras of samples stand in every table of a run, and results can be grouped by them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from avmeter.result import MetricResult
from avmeter.run import EvalResults, read_run
from avmeter.run.extras import extra_columns
from avmeter.sample import as_samples
from support.hostile import RAISING, RaisingNumber, RaisingText

SPEAKERS = [("ann", 1), ("bob", 2), ("ann", 3)]


def run() -> EvalResults:
    """Three clips of two speakers, and a clip without extras."""
    samples = [{"id": f"c{i}", "audio": "a.wav", "speaker": s, "seed": i} for i, (s, _) in enumerate(SPEAKERS)]
    rows = [{"m.x": MetricResult("m.x", float(score)), "m.y": MetricResult("m.y", 0.0)} for _, score in SPEAKERS]
    return EvalResults([*rows, {}], samples=as_samples([*samples, {"id": "r", "audio": "r.wav"}]))


def test_every_table_has_the_extras_under_a_prefix(tmp_path: Path) -> None:
    """One row per sample and metric, per sample for people, and per sample."""
    run().write(tmp_path)
    rows = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert [(r["metric"], r["extra.speaker"], r["extra.seed"]) for r in rows[:3]] == [
        ("m.x", "ann", "0"), ("m.y", "ann", "0"), ("m.x", "bob", "1"),
    ]  # fmt: skip
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["sample_id", "role", "m.x", "m.y", "skipped", "extra.speaker", "extra.seed"]
    assert [line[-2:] for line in table[1:]] == [["ann", "0"], ["bob", "1"], ["ann", "2"], ["", ""]]
    samples = pq.read_table(tmp_path / "samples.parquet").to_pylist()
    assert [s["extra.speaker"] for s in samples] == ["ann", "bob", "ann", None]


def test_results_group_by_an_extra(tmp_path: Path) -> None:
    """The mean of each speaker, from the table alone."""
    frame = pq.read_table(run().write(tmp_path) / "results.parquet").to_pandas()
    means = frame[frame.metric == "m.x"].groupby("extra.speaker").score.mean()
    assert means.to_dict() == {"ann": 2.0, "bob": 2.0}


def test_extras_come_back_as_text(tmp_path: Path) -> None:
    """A run that is read has the extras, of which absent ones stay absent."""
    again = read_run(run().write(tmp_path))
    assert [dict(s.extras) for s in again.samples] == [
        {"speaker": "ann", "seed": "0"}, {"speaker": "bob", "seed": "1"}, {"speaker": "ann", "seed": "2"}, {},
    ]  # fmt: skip
    again.write(tmp_path)
    assert [dict(s.extras) for s in read_run(tmp_path).samples] == [dict(s.extras) for s in again.samples]


def test_values_that_are_no_text_become_json_or_stay_away() -> None:
    """Lists and objects are JSON; arrays, bytes and objects of a program are not written."""
    extras = {
        "b": True, "f": 0.5, "n": np.int64(3), "l": ["x", 1], "o": {"k": None}, "d": date(2024, 1, 2), "t": "=1+1",
        "array": np.zeros(3), "bytes": b"x", "nested": {"k": np.zeros(3)}, "object": object(), "bad": "\udcff",
    }  # fmt: skip
    columns = extra_columns(as_samples([{"audio": "a.wav", **extras}]))
    assert {name: cells[0] for name, cells in columns.items()} == {
        "extra.b": "true", "extra.f": "0.5", "extra.n": "3", "extra.l": '["x", 1]', "extra.o": '{"k": null}',
        "extra.d": "2024-01-02", "extra.t": "=1+1", "extra.bad": "\\udcff",
    }  # fmt: skip


def test_extras_are_no_formulas_in_the_csv(tmp_path: Path) -> None:
    """Neither their names nor their values."""
    samples = as_samples([{"audio": "a.wav", "=cmd": "=1+1"}])
    EvalResults([{"m.x": MetricResult("m.x", 1.0)}], samples=samples).write(tmp_path)
    assert (tmp_path / "results.csv").read_text().splitlines()[1].endswith(""","'=1+1\"""")


def test_extras_that_cannot_be_read_are_not_written() -> None:
    """They ended the run when its tables were made."""
    looped: list[object] = []
    looped.append(looped)
    sample = {
        "id": "a",
        "audio": "a.wav",
        "own": RAISING,
        "loop": looped,
        "words": RaisingText("ü"),
        "rate": RaisingNumber(2),
        5: 6,
    }
    assert extra_columns(as_samples([sample])) == {"extra.words": ["ü"], "extra.rate": ["2.0"], "extra.5": ["6"]}
