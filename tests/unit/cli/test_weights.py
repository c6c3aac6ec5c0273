"""`avmeter weights list`."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.cli.weights import _format_size
from support import require
from support.commandline import avmeter


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([345_000_000], "345 MB"),
        ([224_860], "0.2 MB"),
        ([None, 5_422, 798_293], "unknown"),
        ([], "unknown"),
        ([2_000_000_000, 352_000_000], "2,352 MB"),
    ],
)
def test_size_is_that_of_all_files(sizes: list[int | None], shown: str) -> None:
    """Small files whose size is known do not stand for a large one whose size is not."""
    assert _format_size(sizes) == shown


def test_fetch_goes_on_after_a_failure_and_fills_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be fetched is named at the end, with exit code 1; the rest is in the folder."""
    require.weights("clip-vocabulary")
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    done = avmeter("weights", "fetch", "passt", "clip-vocabulary", "--to", tmp_path / "carry")
    assert done.code == 1
    assert "error: 1 of 2 not fetched: passt" in done.err
    assert [p.parent.name for p in (tmp_path / "carry").rglob("*.gz")] == ["clip-vocabulary"]


def test_fetch_of_a_preset_names_all_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command in place of one for each file."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    for name in ("AVMETER_CACHE", "AVMETER_WEIGHTS", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    done = avmeter("weights", "fetch", "--preset", "v2a")
    assert done.code == 1
    named = done.err.rpartition("not fetched: ")[2].strip().split(", ")
    assert {"passt", "synchformer", "imagebind", "vggish"} <= set(named)
    assert done.err.count("hint: ") == 1
    assert f"avmeter weights fetch {' '.join(named)}`" in done.err


def test_file_of_another_size_is_no_checkpoint_that_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that was cut off is seen in the list, without being read."""
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path))
    cut = tmp_path / "vggish" / "vggish-10086976.pth"
    cut.parent.mkdir()
    cut.write_bytes(b"cut")
    assert "wrong size: vggish-10086976.pth" in avmeter("weights", "list").out
    assert "vggish: not of the catalog's size" in avmeter("doctor").out
