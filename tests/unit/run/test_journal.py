"""Rows on the disk before a run is at its end."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults, RunJournal, read_run
from avmeter.sample import as_samples


class Clock:
    """Seconds that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def chunk(start: int, count: int = 4) -> tuple[list[Any], list[Any]]:
    samples = as_samples(
        [{"id": f"clip{i}", "text_prompt": f"prompt {i}", "take": i} for i in range(start, start + count)]
    )
    return samples, [{"audio.wer": MetricResult("audio.wer", i / 8, {"edits": i})} for i in range(start, start + count)]


def journal(place: Path, num_samples: int = 12, clock: Any = None) -> RunJournal:
    provenance = {"metrics": {"audio.wer": {"direction": "lower", "options": {}}}, "notes": ["a note"]}
    return RunJournal(place, num_samples=num_samples, provenance=provenance, clock=clock or Clock())


def num_files(place: Path) -> int:
    return len(list((place / "unfinished").glob("results-*.parquet")))


def test_killed_run_leaves_the_rows_that_it_had(tmp_path: Path) -> None:
    """They are read as a run that says that it is partial, by number and in its notes, and has no corpus score."""
    clock = Clock()
    running = journal(tmp_path, clock=clock)
    for start in (0, 4):
        clock.now += 2
        running.add(*chunk(start))
    left = read_run(tmp_path)  # as after a kill: nothing else was called
    assert left.sample_ids == [f"clip{i}" for i in range(8)]
    assert [row["audio.wer"].score for row in left] == [i / 8 for i in range(8)]
    assert left[3]["audio.wer"].details == {"edits": 3}
    assert left.samples[3].extras == {"take": "3"}
    assert left.corpus == {}
    assert (left.provenance["partial"], left.provenance["num_finished"]) == (True, 8)
    assert left.provenance["notes"][0].startswith("partial: the run was ended after 8 of 12 samples")
    assert left.fact("audio.wer", "direction") == "lower"


def test_rows_are_written_when_a_second_is_over_or_many_are_there(tmp_path: Path) -> None:
    """What a kill costs is bounded, and so is the number of files."""
    clock = Clock()
    running = journal(tmp_path, clock=clock)
    running.add(*chunk(0))
    assert num_files(tmp_path) == 0
    clock.now = 1.0
    running.add(*chunk(4))
    assert num_files(tmp_path) == 1
    running.add(*chunk(8, 512))
    assert num_files(tmp_path) == 2
    clock.now = 1000.0
    running.add(*chunk(1000))
    clock.now = 1005.0  # less than a hundredth of the run
    running.add(*chunk(1004))
    assert num_files(tmp_path) == 3


def test_long_run_has_few_files(tmp_path: Path) -> None:
    """A chunk every two seconds for three days would be 130,000 files; a hundredth of the run at most is at stake."""
    clock = Clock()
    running = journal(tmp_path, clock=clock)
    for i in range(0, 2000, 4):
        clock.now = 1.02 ** (i // 4)
        running.add(*chunk(i))
    assert num_files(tmp_path) <= 500


def test_exception_writes_what_is_held(tmp_path: Path) -> None:
    """A run that ends by an error loses no row."""

    def fail(running: RunJournal) -> None:
        with running:
            running.add(*chunk(0))
            raise RuntimeError

    running = journal(tmp_path)
    with pytest.raises(RuntimeError):
        fail(running)
    assert len(read_run(tmp_path)) == 4


def test_samples_that_were_not_finished_are_no_rows(tmp_path: Path) -> None:
    """Skips of an interrupted run say nothing."""
    running = journal(tmp_path)
    samples, rows = chunk(0)
    ended = Skip(code=SkipCode.INTERRUPTED, reason="ended")
    running.add(samples, [*rows[:3], {"audio.wer": MetricResult.skipped("audio.wer", ended)}])
    running.flush()
    assert read_run(tmp_path).sample_ids == ["clip0", "clip1", "clip2"]


def test_finished_run_takes_the_place_of_its_journal(tmp_path: Path) -> None:
    """Whole runs are read as they were, and nothing is left over."""
    running = journal(tmp_path)
    samples, rows = chunk(0)
    running.add(samples, rows)
    running.flush()
    EvalResults(rows, samples=samples).write(tmp_path)
    assert not (tmp_path / "unfinished").exists()
    assert "partial" not in read_run(tmp_path).provenance


def test_old_run_stays_while_a_new_one_goes_on(tmp_path: Path) -> None:
    """Until the new one is there as a whole."""
    samples, rows = chunk(0)
    EvalResults(rows, samples=samples).write(tmp_path)
    running = journal(tmp_path)
    running.add(*chunk(100))
    running.flush()
    assert read_run(tmp_path).sample_ids == [s.id for s in samples]


def test_journal_of_a_dead_run_is_replaced(tmp_path: Path) -> None:
    """By that of the next."""
    for start in (0, 8):
        running = journal(tmp_path)
        running.add(*chunk(start))
        running.flush()
    assert read_run(tmp_path).sample_ids == [f"clip{i}" for i in range(8, 12)]


@pytest.mark.parametrize("name", ["novel.txt", "run.json"])
def test_folder_of_others_by_this_name_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """The run goes on without a journal, and says so."""
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / name).write_text("Chapter 1")
    with caplog.at_level(logging.WARNING, "avmeter"):
        running = journal(tmp_path)
        running.add(*chunk(0))
        running.flush()
    assert [p.name for p in (tmp_path / "unfinished").iterdir()] == [name]
    assert "scoring goes on" in caplog.text


def test_full_disk_ends_the_journal_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One message; the rows that were written before stay readable."""
    running = journal(tmp_path)
    running.add(*chunk(0))
    running.flush()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("avmeter.run.journal.write_atomically", full)
    with caplog.at_level(logging.WARNING, "avmeter"):
        for start in (4, 8):
            running.add(*chunk(start))
            running.flush()
    assert caplog.text.count("No space left on device") == 1
    assert len(read_run(tmp_path)) == 4


def test_clock_of_the_day_has_no_say() -> None:
    """What decides when to write is a clock that nobody sets."""
    import inspect
    import time

    assert inspect.signature(RunJournal).parameters["clock"].default is time.monotonic


def test_folder_of_a_run_that_finished_nothing_says_so_in_words(tmp_path: Path) -> None:
    """For who looks into it, and for what reads it."""
    journal(tmp_path)
    note = json.loads((tmp_path / "unfinished" / "run.json").read_text())["note"]
    assert "where there are none, no sample was finished" in note
    assert read_run(tmp_path).provenance["notes"][0].startswith("partial: the run was ended after 0 of 12 samples")
