"""A run folder read again: everything comes back, or a sentence says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from avmeter.errors import SkipCode, UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, read_run
from avmeter.sample import as_samples


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
    (tmp_path / "run.json").write_text('{"format": "avmeter-run", "format_version": 1}')
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
    with pytest.raises(UsageError, match=r"damaged.*no_such_code"):
        read_run(tmp_path)
