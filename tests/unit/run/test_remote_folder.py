"""Run folders in an object store."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.files import Url
from avmeter.result import MetricResult
from avmeter.run import EvalResults, read_run
from avmeter.run.remote_folder import local_run, run_output
from avmeter.sources.object_store import ObjectStore

PLACE = "memory://runs/one"


@pytest.fixture
def store() -> Iterator[Any]:
    """An empty store in memory."""
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file("/runs/other", b"x")
    yield files
    files.rm("/runs", recursive=True)


def results(score: float = 1.0) -> EvalResults:
    return EvalResults(samples=[{"audio.loudness": MetricResult("audio.loudness", score)}], corpus={})


def names(store: Any) -> list[str]:
    return sorted(n.removeprefix("/runs/one/") for n in store.find("/runs/one"))


def test_run_is_read_as_it_was_written(store: Any) -> None:
    """Nothing of it stays on this machine."""
    assert str(results().write(PLACE)) == PLACE
    assert names(store) == ["results.csv", "results.parquet", "run.json", "samples.parquet", "summary.json"]
    for place in (PLACE, Path(PLACE)):
        assert read_run(place)[0]["audio.loudness"].score == 1.0


def test_run_is_replaced_as_a_whole(store: Any) -> None:
    """A page of the old run does not stay beside the new one."""
    results().write(PLACE)
    store.pipe_file("/runs/one/report.html", b"old")
    store.pipe_file("/runs/one/notes.txt", b"of the user")
    results(2.0).write(PLACE)
    assert read_run(PLACE)[0]["audio.loudness"].score == 2.0
    assert "report.html" not in names(store)
    assert "notes.txt" in names(store)


def test_files_of_others_are_not_replaced(store: Any) -> None:
    """As in a folder; and before anything is computed."""
    store.pipe_file("/runs/one/results.csv", b"mine")
    with pytest.raises(UsageError, match=r"holds results\.csv, which no run has written"), run_output(Url(PLACE)):
        pytest.fail("computed in vain")
    assert store.cat_file("/runs/one/results.csv") == b"mine"


def test_run_that_could_not_be_moved_is_kept_here(store: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hours of computing do not go with a store that is full; what is there is known to be unfinished."""
    write = ObjectStore.write

    def fail(self: ObjectStore, data: bytes) -> None:
        if data.startswith(b"PAR1"):
            raise MediaError(SkipCode.FETCH_FAILED, "no space")
        write(self, data)

    monkeypatch.setattr(ObjectStore, "write", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UsageError, match=r"could not be moved to memory://runs/one \(no space\)") as caught:
        results().write(PLACE)
    folder = Path(caught.value.hint.removeprefix("it is complete in ").removesuffix(": copy it there"))
    assert read_run(folder)[0]["audio.loudness"].score == 1.0
    assert "written" not in json.loads(store.cat_file("/runs/one/run.json"))
    with pytest.raises(UsageError, match="not written to its end"):
        read_run(PLACE)


def test_store_that_denies_writing_is_known_before(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after the last clip."""

    def deny(_self: ObjectStore, _data: bytes) -> None:
        raise MediaError(SkipCode.UNREADABLE, "access is denied")

    monkeypatch.setattr(ObjectStore, "write", deny)
    with pytest.raises(UsageError, match="cannot be written"), run_output(Url(PLACE)):
        pytest.fail("computed in vain")


def test_web_addresses_take_no_runs() -> None:
    """There is no such request."""
    with pytest.raises(UsageError, match="cannot be written to a web address"), run_output(Url("https://h/run")):
        pytest.fail("computed in vain")


def test_names_in_a_store_do_not_lead_out_of_the_copy(store: Any, tmp_path: Path) -> None:
    """A key may hold anything."""
    results().write(PLACE)
    store.store["/runs/one/../../run.json"] = store.store["/runs/one/run.json"]
    with local_run(Url(PLACE)) as folder:
        assert all(folder in p.resolve().parents for p in folder.rglob("*"))
    del store.store["/runs/one/../../run.json"]


def test_rows_of_a_run_that_failed_stay_on_this_machine(
    store: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are not thrown away with the folder that would have been moved."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = tmp_path / "rows" / "results-00000.parquet"
    rows.parent.mkdir()
    rows.write_bytes(b"rows")
    with pytest.warns(UserWarning, match="rows of the unfinished run are in"), run_output(Url(PLACE)) as folder:
        shutil.copytree(rows.parent, folder / "unfinished")
    assert (folder / "unfinished").is_dir()
    assert names(store) == []
    with run_output(Url(PLACE)) as folder:
        (folder / "unfinished").mkdir()
    assert not folder.exists(), "no row was finished"
