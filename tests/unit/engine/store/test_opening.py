"""A store that was named must work; the one that nobody named may be absent."""

import sqlite3

import pytest

from avmeter.engine.store import NoStore, SqliteStore, open_store
from avmeter.engine.store.opening import default_store_folder
from avmeter.errors import UsageError


@pytest.mark.parametrize("nothing", [None, False])
def test_none_and_false_mean_no_store(nothing):
    """Nothing is stored unless it was asked for."""
    assert isinstance(open_store(nothing), NoStore)


def test_default_folder_follows_the_environment(tmp_path, monkeypatch):
    """`AVMETER_CACHE` moves the cache folder."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path))
    store = open_store(True)
    store.close()
    assert (default_store_folder() / "features.sqlite").exists()


def test_folder_that_cannot_be_written_is_a_usage_error(tmp_path):
    """The message names the file and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--no-store"):
        open_store(tmp_path / "file")


def unusable_cache(folder, what):
    if what == "no folder":
        folder.write_text("")
        return
    (folder / "store").mkdir(parents=True)
    path = folder / "store" / "features.sqlite"
    if what == "noise":
        path.write_bytes(b"\x00noise" * 1000)
        return
    other = sqlite3.connect(path)
    with other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()


@pytest.mark.parametrize("what", ["no folder", "noise", "foreign"])
def test_default_store_that_cannot_be_used_is_one_warning(tmp_path, monkeypatch, what):
    """Nobody asked for it: scores go on without a store."""
    unusable_cache(tmp_path / "cache", what)
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    with pytest.warns(UserWarning, match="scoring goes on") as said:
        assert isinstance(open_store(True), NoStore)
    assert len(said) == 1
    assert ("rm -f" in str(said[0].message)) == (what != "no folder")


@pytest.mark.parametrize("what", ["noise", "foreign"])
def test_named_store_that_is_damaged_is_an_error_with_the_command_that_removes_it(tmp_path, what):
    """The command is there to be copied."""
    unusable_cache(tmp_path, what)
    with pytest.raises(UsageError, match="rm -f"):
        open_store(tmp_path / "store")
    assert isinstance(open_store(tmp_path / "other"), SqliteStore)
