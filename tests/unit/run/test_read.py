"""A run folder read again: everything comes back, or a sentence says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from avmeter.errors import SkipCode, UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, begin_run, compare, read_run
from avmeter.sample import as_samples
from support.runs import reseal


def test_run_comes_back_as_it_was(tmp_path: Path, make_run) -> None:
    """Scores, skips, details, corpus, samples and provenance survive the folder."""
    results = make_run([0.1, None, 1 / 3])
    folder = results.write(tmp_path / "deep/run")
    again = read_run(folder)
    assert list(again) == list(results)
    assert again.corpus == results.corpus
    assert again.sample_ids == results.sample_ids
    assert again.provenance == results.provenance
    assert [s.role for s in again.samples] == ["generated"] * 3 + ["reference"]
    assert again.samples[0].source("audio").path == Path("/clips/c0.wav")
    assert again.samples[0].text("text_prompt") == "a dog"
    assert again.summary() == results.summary()
    assert again[1]["audio.wer"].skip.code is SkipCode.NO_AUDIO_TRACK


def test_run_cut_off_while_writing_can_be_written_again(tmp_path: Path, make_run) -> None:
    """A folder of half a run says so when read, and takes a run when written."""
    make_run([0.1]).write(tmp_path)
    begin_run(tmp_path)
    with pytest.raises(UsageError, match="not written to its end"):
        read_run(tmp_path)
    make_run([0.2]).write(tmp_path)
    assert read_run(tmp_path)[0]["audio.wer"].score == 0.2


def test_what_is_no_run_is_refused(tmp_path: Path, make_run) -> None:
    """A folder without run.json, a damaged run, a file in place of a folder."""
    with pytest.raises(UsageError, match="not a run folder"):
        read_run(tmp_path)
    make_run([0.1]).write(tmp_path / "run")
    (tmp_path / "run/results.parquet").write_bytes(b"broken")
    with pytest.raises(UsageError, match="damaged"):
        read_run(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        make_run([0.1]).write(tmp_path / "file")


def test_in_memory_samples_are_kept_by_name(tmp_path: Path) -> None:
    """An array has no path; its row and its scores are there."""
    samples = as_samples([{"audio": (np.zeros(8), 8000)}])
    EvalResults([{"m.x": MetricResult("m.x", 1.0)}], samples=samples).write(tmp_path)
    again = read_run(tmp_path)
    assert again.sample_ids == ["0"]
    assert again.samples[0].media == {}


def test_run_of_a_newer_version_is_refused(tmp_path: Path, make_run) -> None:
    """What a later format means is not guessed at."""
    make_run([0.1]).write(tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**facts, "format_version": facts["format_version"] + 1}))
    with pytest.raises(UsageError, match="not a run folder"):
        read_run(tmp_path)


def test_unknown_skip_code_is_damage(tmp_path: Path, make_run) -> None:
    """A code that no version knows is no silent absence of a score."""
    make_run([None]).write(tmp_path)
    table = pq.read_table(tmp_path / "results.parquet")
    column = table.schema.get_field_index("skip_code")
    pq.write_table(table.set_column(column, "skip_code", [["no_such_code"] * len(table)]), tmp_path / "results.parquet")
    reseal(tmp_path)
    with pytest.raises(UsageError, match=r"damaged.*no_such_code"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("results.parquet", "metric", None),
        ("results.parquet", "metric", 5),
        ("results.parquet", "score", "0.5"),
        ("results.parquet", "details", "[" * 50_000),
        ("samples.parquet", "id", 5),
        ("samples.parquet", "id", None),
        ("samples.parquet", "id", "c0.wav"),
        ("samples.parquet", "role", 7),
        ("samples.parquet", "text_prompt", 7),
    ],
)
def test_cells_of_another_kind_are_damage(tmp_path: Path, make_run, name: str, column: str, value: object) -> None:
    """So are ids that occur twice."""
    make_run([0.1, 0.2]).write(tmp_path)
    table = pq.read_table(tmp_path / name)
    changed = table.set_column(table.schema.names.index(column), column, pa.array([value] * len(table)))
    pq.write_table(changed, tmp_path / name)
    reseal(tmp_path)
    with pytest.raises(UsageError, match="a file of this run is damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["results.parquet", "samples.parquet", "summary.json"])
def test_files_of_two_runs_are_refused(tmp_path: Path, make_run, name: str) -> None:
    """Results of one run with samples or corpus scores of another are no run, for `read_run` and for `compare`."""
    a, b = make_run([0.1, 0.2]).write(tmp_path / "a"), make_run([0.3, 0.4]).write(tmp_path / "b")
    (b / name).write_bytes((a / name).read_bytes())
    with pytest.raises(UsageError, match=f"damaged, changed or of another run: {name}"):
        read_run(b)
    with pytest.raises(UsageError, match="of another run"):
        compare(a, b)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("run.json", {"provenance": []}),
        ("run.json", {"provenance": {"notes": 5}}),
        ("run.json", {"provenance": {"partial": True}}),
        ("run.json", {"provenance": {"metrics": [1]}}),
        ("run.json", {"provenance": {"metrics": {"audio.wer": None}}}),
        ("run.json", {"provenance": {"metrics": {"audio.wer": {"direction": []}}}}),
        ("run.json", {"provenance": {"metrics": {"audio.wer": {"options": 1}}}}),
        ("run.json", {"provenance": {"weights": 3}}),
        ("run.json", {"provenance": {"versions": "x"}}),
        ("run.json", {"provenance": {"grouping": 5}}),
        ("run.json", {"provenance": {"grouping": {"cluster": 5}}}),
        ("run.json", {"provenance": {"grouping": {"by": "language"}}}),
        ("run.json", {"provenance": {"grouping": {"by": ["language", {}]}}}),
        ("summary.json", {"metrics": []}),
        ("summary.json", {"metrics": {"audio.wer": None}}),
        ("summary.json", {"metrics": {"audio.wer": {"corpus": 4}}}),
        ("summary.json", {"metrics": {"audio.wer": {"corpus": {}}}}),
    ],
)
def test_values_of_another_kind_are_damage(tmp_path: Path, make_run, name: str, change: dict) -> None:
    """Whoever edits a run is told so, in a sentence, also when the hashes were mended."""
    make_run([0.1]).write(tmp_path)
    content = json.loads((tmp_path / name).read_text())
    (tmp_path / name).write_text(json.dumps({**content, **change}))
    if name != "run.json":
        reseal(tmp_path)
    with pytest.raises(UsageError, match="a file of this run is damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize("content", ["[" * 100_000, "9" * 5000, '{"format": ' + "9" * 5000 + "}", "[]", "null", "\0"])
def test_run_json_of_any_content_is_no_run(tmp_path: Path, content: str) -> None:
    """Deep nesting and endless numbers are what no run has written."""
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match="not a run folder"):
        read_run(tmp_path)


def test_rows_of_samples_that_are_not_there_are_damage(tmp_path: Path, make_run) -> None:
    """Scores are never dropped in silence."""
    a, b = make_run([0.1, 0.2, 0.3]).write(tmp_path / "a"), make_run([0.3]).write(tmp_path / "b")
    (b / "results.parquet").write_bytes((a / "results.parquet").read_bytes())
    reseal(b)
    with pytest.raises(UsageError, match="rows of 1 samples"):
        read_run(b)


@pytest.mark.parametrize("folder", ["", None, 5, b"run", "a\0b"])
def test_what_is_no_path_is_refused(folder: object, make_run) -> None:
    """An empty variable does not mean the current folder."""
    for call in (read_run, make_run([0.1]).write):
        with pytest.raises(UsageError, match="no name of a run folder"):
            call(folder)
