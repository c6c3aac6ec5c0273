"""Files that are complete or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.files import StagedFiles, remove_stray_files, replacing, write_atomically


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced as a whole or not at all, and no temporary file stays."""
    path = tmp_path / "f.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \udcff")
    (tmp_path / "d").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "d", "x")
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "f.json"]


def test_file_whose_writing_breaks_off_is_the_old_one(tmp_path: Path) -> None:
    """Also when it is written piece by piece; a name may be as long as the system takes."""
    path = tmp_path / ("x" * 255)
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as file:
            file.write(b"new")
            file.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_staged_files_are_placed_when_said(tmp_path: Path) -> None:
    """What was not placed has never been there."""
    with StagedFiles() as staged:
        staged.add(tmp_path / "a", "a")
        staged.add(tmp_path / "b", b"b")
        assert not (tmp_path / "a").exists()
        staged.place(tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_stray_files_are_told_from_those_of_others(tmp_path: Path) -> None:
    """Only what this package calls its temporary files goes."""
    for name in (".avmeter-0123456789ab.tmp", ".avmeter-mine.tmp", "a.tmp"):
        (tmp_path / name).touch()
    remove_stray_files(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".avmeter-mine.tmp", "a.tmp"]
