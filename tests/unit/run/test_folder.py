"""The run folder: complete, strict, marked, and harmless to what is around it."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from avmeter.errors import UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, begin_run, prepare_run, read_run, write_breakdown
from avmeter.sample import as_samples
from support import require

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
    heard = "audio.wer.transcription"
    assert table[0] == ["sample_id", "role", "audio.wer [dummy weights]", "audio.quality", "skipped", heard]
    assert table[1] == ["c0.wav", "generated", "0.1", "0.9", "", "hi"]
    assert table[2] == ["c1.wav", "generated", "", "", "audio.wer: no_audio_track; audio.quality: skipped", ""]
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


@pytest.mark.parametrize("name", FILES)
def test_folder_in_the_place_of_a_file_is_refused_before_the_work(tmp_path: Path, make_run, name: str) -> None:
    """In a new folder, and in one that a run has written."""
    for written in (False, True):
        place = tmp_path / str(written)
        if written and name != "run.json":
            make_run([0.1]).write(place)
            (place / name).unlink()
        (place / name).mkdir(parents=True)
        for call in (prepare_run, make_run([0.2]).write):
            with pytest.raises(UsageError, match=name):
                call(place)


@pytest.mark.parametrize("name", ["report.html", "stress.json"])
def test_pages_of_others_are_refused_before_the_work_and_stay(tmp_path: Path, make_run, name: str) -> None:
    """A file, a folder, a dangling link; also in the folder of a run."""
    for make in (lambda p: p.write_text("mine"), lambda p: p.mkdir(), lambda p: p.symlink_to("nowhere")):
        for written in (False, True):
            place = tmp_path / f"{id(make)}{written}"
            place.mkdir()
            if written:
                make_run([0.1]).write(place)
            make(place / name)
            with pytest.raises(UsageError, match=name):
                prepare_run(place, stress=True)
    make_run([0.1]).write(tmp_path)
    (tmp_path / name).write_text("mine")
    make_run([0.2]).write(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_folder_of_clips_of_others_is_refused_before_the_work(tmp_path: Path) -> None:
    """Variants do not go among files that no run has written."""
    (tmp_path / "clips").mkdir()
    prepare_run(tmp_path, clips=["clips"])
    (tmp_path / "clips/siren.flac").write_text("mine")
    with pytest.raises(UsageError, match=r"holds siren\.flac, which no run has written"):
        prepare_run(tmp_path, clips=["clips"])


KILLED = """
import os, signal, sys
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import as_samples

calls, last = 0, int(sys.argv[2])

def killing(call):
    def counted(*arguments):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)
    return counted

os.replace, os.fsync, os.unlink = killing(os.replace), killing(os.fsync), killing(os.unlink)
samples = as_samples([{"audio": f"new{i}.wav"} for i in range(3)])
scores = {"m.x": MetricResult("m.x", 2.0)}
EvalResults([scores] * 3, scores, samples=samples).write(sys.argv[1])
"""


def write_killed(folder: Path, call: int) -> bool:
    """Write a new run in a process that is killed at its nth call that changes the disk; True if it was."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(call)], check=False, capture_output=True)
    return done.returncode != 0


def state_of(folder: Path) -> str:
    """What can be read of a folder: the old run of one sample, the new one of three, or neither."""
    if "written" not in json.loads((folder / "run.json").read_text()):
        with pytest.raises(UsageError, match="not written to its end"):
            read_run(folder)
        return "unfinished"
    run = read_run(folder)
    scores = {r.score for row in run for r in row.values()} | {r.score for r in run.corpus.values()}
    assert scores == ({1.0} if len(run) == 1 else {2.0})
    return "old" if len(run) == 1 else "new"


@require.needs("system", hasattr(signal, "SIGKILL"), "no SIGKILL on this system")
def test_kill_at_any_step_leaves_the_old_run_or_the_new_one_or_says_so(tmp_path: Path) -> None:
    """Never results of one with samples, corpus scores or the page of another; the next writing mends the folder."""
    old = EvalResults([{"m.x": MetricResult("m.x", 1.0)}], {"m.x": MetricResult("m.x", 1.0)},
                      samples=as_samples([{"audio": "old.wav"}]))  # fmt: skip
    found = []
    for call in range(1, 60):
        folder = old.write(tmp_path / str(call))
        page = folder / "report.html"
        page.write_text('<meta name="generator" content="avmeter">old')
        was_killed = write_killed(folder, call)
        found.append(state_of(folder))
        assert found[-1] == "unfinished" or page.exists() == (found[-1] == "old")
        old.write(folder)
        assert sorted(p.name for p in folder.iterdir() if p != page) == FILES
        assert len(read_run(folder)) == 1
        if not was_killed:
            break
    assert found[-1] == "new"
    assert list(dict.fromkeys(found)) == ["old", "unfinished", "new"]


def test_full_disk_leaves_the_old_run(tmp_path: Path, make_run, monkeypatch) -> None:
    """Nothing of the new run takes its place before all of it is on the disk."""
    make_run([0.1]).write(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    num_calls = 0

    def full(descriptor: int) -> None:
        nonlocal num_calls
        num_calls += 1
        if num_calls == 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        make_run([0.2, 0.3]).write(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_run_that_is_being_replaced_is_unfinished(tmp_path: Path, make_run) -> None:
    """Clips that its results were made from may be gone already."""
    make_run([0.1]).write(tmp_path)
    begin_run(tmp_path)
    with pytest.raises(UsageError, match="not written to its end"):
        read_run(tmp_path)


def test_one_id_is_in_all_files(tmp_path: Path, make_run) -> None:
    """In each file, whoever opens it alone can tell which run it is of; `run.json` has a hash of each."""
    make_run([0.1]).write(tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    for name in ("results.parquet", "samples.parquet"):
        assert pq.read_schema(tmp_path / name).metadata[b"avmeter.run_id"].decode() == facts["run_id"]
    assert json.loads((tmp_path / "summary.json").read_text())["run_id"] == facts["run_id"]
    assert sorted([*facts["files"], "run.json"]) == FILES


def test_writers_of_one_folder_wait_for_each_other(tmp_path: Path, make_run) -> None:
    """Whoever comes last has written a whole run."""
    threads = [threading.Thread(target=make_run([i / 10] * i).write, args=(tmp_path,)) for i in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = read_run(tmp_path)
    assert len({r["audio.wer"].score for r in run if r}) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES


def test_breakdown_is_a_table_of_the_folder_and_goes_with_its_run(tmp_path: Path, make_run) -> None:
    """Written where it was asked for, read again with the run, and gone with the next run that has none."""
    results = make_run([0.1, 0.2])
    results.group(by=["text_prompt"])
    results.write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*FILES, "breakdown.csv"])
    assert '"text_prompt","a dog","audio.wer","lower",2,2' in (tmp_path / "breakdown.csv").read_text()
    again = read_run(tmp_path)
    assert again.summary()["by"] == results.summary()["by"]
    make_run([0.1]).write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES


def test_breakdown_of_a_written_run_changes_nothing_else(tmp_path: Path, make_run) -> None:
    """It can be written anew, unless the file is of somebody else."""
    make_run([0.1, 0.2]).write(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    results = read_run(tmp_path)
    for column in ("id", "text_prompt"):
        results.group(by=[column])
        write_breakdown(results, tmp_path)
        assert f'"{column}"' in (tmp_path / "breakdown.csv").read_text()
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    (tmp_path / "breakdown.csv").write_text("mine")
    for call in (lambda: write_breakdown(results, tmp_path), lambda: results.write(tmp_path),
                 lambda: prepare_run(tmp_path, breakdown=True)):  # fmt: skip
        with pytest.raises(UsageError, match=r"breakdown\.csv, which no run has written"):
            call()


def test_csv_names_the_caveats_of_each_clip(tmp_path: Path, make_run) -> None:
    """By metric and code, in a column that is there where one is needed."""
    results = make_run([0.1, 0.2])
    results[1]["audio.wer"].details["loop_suspected"] = True
    results.write(tmp_path)
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["caveats"] for row in table] == ["", "audio.wer: looping_transcript", ""]


def test_preparing_leaves_no_folder_behind(tmp_path: Path) -> None:
    """A run may end before it has a result; folders that were there stay, and what others put into a new one."""
    for deep in (tmp_path / "run", tmp_path / "a/b/run"):
        prepare_run(deep)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    prepare_run(tmp_path / "there")
    assert (tmp_path / "there").is_dir()


def test_log_of_a_run_is_written_and_goes_with_it(tmp_path: Path, make_run) -> None:
    """Where something was logged; a later run that logs nothing leaves none of another run's."""
    results = make_run([0.1])
    results.log = "oh \ud800\n"
    folder = results.write(tmp_path / "run")
    assert (folder / "log.txt").read_text().startswith("# log of an avmeter run")
    assert (folder / "log.txt").read_text().endswith("oh \\ud800\n")
    make_run([0.2]).write(folder)
    assert sorted(p.name for p in folder.iterdir()) == FILES


def test_log_of_somebody_else_stays(tmp_path: Path, make_run) -> None:
    """It is a common name: the run is written beside it, without its own."""
    (tmp_path / "log.txt").write_text("my training")
    results = make_run([0.1])
    results.log = "oh\n"
    results.write(prepare_run(tmp_path))
    assert (tmp_path / "log.txt").read_text() == "my training"
    assert read_run(tmp_path)[0]
