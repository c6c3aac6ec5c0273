"""The file of a store is recognised, and its rows are believed only as they were written."""

import errno
import sqlite3

import pytest

from avmeter.engine.store.base import FeatureKey
from avmeter.engine.store.database import (
    ForeignStoreError,
    advice,
    check_writable,
    checksum_of,
    connect,
    find,
    is_locked,
    read,
    removal_command,
    write,
)
from support.stores import KEY


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.sqlite"


@pytest.fixture
def database(path):
    database = connect(path, busy_timeout_s=0)
    write(database, {KEY: b"payload"})
    yield database
    database.close()


def test_row_comes_back_under_its_key_alone(database):
    """Other keys are not stored."""
    assert dict(read(database, [KEY, FeatureKey("other", "x")])) == {KEY: b"payload"}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE features SET payload = x'706179'",
        "UPDATE features SET payload = 'paylaod'",
        "UPDATE features SET payload = CAST(x'ff' AS TEXT)",
        "UPDATE features SET payload = 7",
        "UPDATE features SET checksum = x'00'",
        "UPDATE features SET checksum = 'x'",
        "UPDATE features SET media = 'other'",
        "UPDATE features SET fingerprint = 'other'",
    ],
)
def test_row_that_is_not_what_was_written_has_no_payload(database, damage):
    """Neither another payload, nor one of another key, nor one of another type is believed."""
    with database:
        database.execute(damage)
    (key,) = [FeatureKey(*row) for row in database.execute("SELECT media, fingerprint FROM features")]
    assert dict(read(database, [key])) == {key: None}


@pytest.mark.parametrize("num_asked", [10, 1200])
def test_keys_are_found_one_by_one_or_by_a_walk_along_the_index(database, num_asked):
    """A few among many, or as many as there are; each fingerprint has media of its own."""
    stored = [FeatureKey(f"clip{i}", "ab"[i % 2]) for i in range(1200)]
    write(database, dict.fromkeys(stored, b"payload"))
    absent = [FeatureKey(key.media, "c") for key in stored[:5]] + [FeatureKey("clip0", "b"), FeatureKey("other", "a")]
    assert sorted(find(database, [*stored[:num_asked], *absent]), key=str) == sorted(stored[:num_asked], key=str)


def test_store_of_the_first_schema_is_begun_anew(path):
    """Its rows have no checksum; they are dropped, and the file is one of this version."""
    old = sqlite3.connect(path)
    with old:
        old.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)")
        old.execute("CREATE TABLE features (media TEXT, fingerprint TEXT, payload BLOB NOT NULL)")
        old.execute("INSERT INTO meta VALUES ('schema', '1')")
        old.execute("INSERT INTO features VALUES ('media', 'fingerprint', x'00')")
    old.close()
    database = connect(path, busy_timeout_s=0)
    assert dict(read(database, [KEY])) == {}
    write(database, {KEY: b"new"})
    assert dict(read(database, [KEY])) == {KEY: b"new"}
    database.close()


def test_store_of_the_second_schema_keeps_its_features(path):
    """Its rows move out of the index, where each made the others slow to find."""
    old = sqlite3.connect(path)
    with old:
        old.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)")
        old.execute(
            "CREATE TABLE features (media TEXT, fingerprint TEXT, payload BLOB NOT NULL, checksum BLOB NOT NULL, "
            "PRIMARY KEY (media, fingerprint)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO meta VALUES ('schema', '2')")
        row = (KEY.media, KEY.fingerprint, b"payload", checksum_of(KEY, b"payload"))
        old.execute("INSERT INTO features VALUES (?, ?, ?, ?)", row)
    old.close()
    for _ in range(2):
        database = connect(path, busy_timeout_s=0)
        assert dict(read(database, [KEY])) == {KEY: b"payload"}
        assert database.execute("SELECT rowid FROM features").fetchall() == [(1,)]
        database.close()


@pytest.mark.parametrize("value", ["4", "0", "x", None])
def test_other_schema_is_refused(database, path, value):
    """A store of a later version is left as it is."""
    with database:
        database.execute("UPDATE meta SET value = ?", (value,))
    with pytest.raises(ForeignStoreError, match=f"schema {value}"):
        connect(path, busy_timeout_s=0)


def test_database_of_another_program_is_left_alone(path):
    """No table is put into it."""
    other = sqlite3.connect(path)
    with other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(ForeignStoreError, match="another program"):
        connect(path, busy_timeout_s=0)
    assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["bookmarks"]
    other.close()


def test_lock_of_another_process_is_told_from_damage(database, path):
    """A lock may go away; damage does not."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as locked:
        other.execute("BEGIN IMMEDIATE")
    assert is_locked(locked.value)
    with pytest.raises(sqlite3.OperationalError) as wrong:
        other.execute("SELECT nothing")
    assert not is_locked(wrong.value)
    with pytest.raises(sqlite3.OperationalError):
        check_writable(connect(path, busy_timeout_s=0))
    database.rollback()
    other.close()
    check_writable(database)


def test_what_is_advised_helps(tmp_path):
    """A full disk is no reason to remove a store; a damaged file, or another program's, is in the way until it goes."""
    path = tmp_path / "features.sqlite"
    full, damaged, failing = (
        sqlite3.OperationalError("full"),
        sqlite3.DatabaseError("bad"),
        sqlite3.OperationalError("io"),
    )
    full.sqlite_errorcode, damaged.sqlite_errorcode = sqlite3.SQLITE_FULL, sqlite3.SQLITE_CORRUPT
    failing.sqlite_errorcode = sqlite3.SQLITE_IOERR
    for error in (full, OSError(errno.ENOSPC, "no space")):
        assert f"free space in {tmp_path}" in advice(path, error)
        assert "rm " not in advice(path, error)
    assert "rm " not in advice(path, failing)
    for error in (damaged, ForeignStoreError("another program's")):
        assert removal_command(path) in advice(path, error)
    for error in (full, damaged, failing):
        assert "--store DIR" in advice(path, error)


def test_removal_command_names_all_files_for_a_shell(tmp_path):
    """Spaces and quotes in a path do not change what is removed."""
    assert removal_command(tmp_path / "a b").count("'") == 6
