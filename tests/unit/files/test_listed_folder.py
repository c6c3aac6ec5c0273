"""Own clips are known again, and those of others stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.files import add_to_list, refuse_unlisted_files
from avmeter.files.listed_folder import LIST


@pytest.mark.parametrize("name", ["a.flac", "line\nbreak.mp4", "\udcff.mkv", "ü"])
def test_own_files_may_be_written_again(tmp_path: Path, name: str) -> None:
    """Whatever they are called, and also if the writer was killed before the file was there."""
    add_to_list(tmp_path / name).write_text("own")
    add_to_list(tmp_path / "next")
    refuse_unlisted_files(tmp_path)


def test_files_of_others_are_named(tmp_path: Path) -> None:
    """The first few; hidden ones, which systems put everywhere, do not count."""
    refuse_unlisted_files(tmp_path / "absent")
    (tmp_path / ".DS_Store").touch()
    refuse_unlisted_files(tmp_path)
    add_to_list(tmp_path / "own").touch()
    for name in "abcd":
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match="holds a, b, c and 1 more, which no run has written"):
        refuse_unlisted_files(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        refuse_unlisted_files(tmp_path / "a")


def test_list_that_was_cut_off_is_read_to_its_last_name(tmp_path: Path) -> None:
    """A writer may be killed within a line; and a list of nonsense is none."""
    add_to_list(tmp_path / "own").touch()
    with (tmp_path / ".avmeter-files").open("a") as file:
        file.write('"cut off')
    refuse_unlisted_files(tmp_path)
    (tmp_path / ".avmeter-files").write_bytes(b"\xff" * 9)
    with pytest.raises(UsageError, match="holds own"):
        refuse_unlisted_files(tmp_path)


def test_nothing_is_written_through_links(tmp_path: Path) -> None:
    """A folder from others may hold a link of a clip's name, or in place of the list: what it leads to stays."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.flac").symlink_to(mine)
    add_to_list(folder / "a.flac").write_text("variant")
    assert (mine.read_text(), (folder / "a.flac").read_text()) == ("mine", "variant")
    (folder / LIST).unlink()
    (folder / LIST).symlink_to(mine)
    with pytest.raises(OSError, match="symbolic links"):
        add_to_list(folder / "b.flac")
    assert mine.read_text() == "mine"
