"""The SQLite file of a store: its tables, and rows with a checksum each.

Every function raises `sqlite3.Error` for what SQLite cannot do, among it a lock of another process.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import itertools
import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from avmeter.engine.store.base import FeatureKey

SCHEMA_VERSION = 3
"""1 had no checksums; its features are computed anew. 2 had rows within the index, which made every look-up slow."""

_WITH_CHECKSUMS = 2
_TABLES = {"meta", "features"}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_KEYS_AT_ONCE = 512  # SQLite before 3.32 takes 999 values
_ROWS_AT_ONCE = 64
_ASKED_OF_ALL = 8  # of so many rows one is asked for: then the whole index is read as fast
# Cast: damage can turn bytes into text, which would have to be UTF-8.
_VALUES = "CAST(payload AS BLOB), CAST(checksum AS BLOB)"
_PRIMARY_CODE = 0xFF


class ForeignStoreError(Exception):
    """The file is not a store of this version."""


def is_locked(error: sqlite3.Error) -> bool:
    """Return True if another process has what was asked for, and may give it back."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _LOCKED


def removal_command(path: Path) -> str:
    """Return the command that removes a store; nothing but work is lost with it."""
    return f"rm -f {shlex.quote(str(path))} {shlex.quote(f'{path}-wal')} {shlex.quote(f'{path}-shm')}"


def is_damaged(error: Exception) -> bool:
    """Return True if the file is no store, or none any more; nothing but removing it helps."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    return isinstance(error, ForeignStoreError) or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def advice(path: Path, error: Exception) -> str:
    """Return what helps against an error of a store: a full or failing disk is no reason to remove what is on it."""
    elsewhere = "choose another folder with `store=` or `--store DIR`, or go without: `--no-store`"
    if is_damaged(error):
        return f"remove it: {removal_command(path)}; or {elsewhere}"
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return f"free space in {path.parent}, or {elsewhere}"
    return elsewhere


def connect(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Open a store, made if there is none.

    Args:
        path: The file.
        busy_timeout_s: How long each step waits for other processes.

    Raises:
        ForeignStoreError: It belongs to another program, or to a later version.
    """
    database = sqlite3.connect(path, timeout=busy_timeout_s, check_same_thread=False)
    try:
        if _schema_version(database) != SCHEMA_VERSION:
            database.execute("PRAGMA journal_mode=WAL")
            _create(database)
        database.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        database.close()
        raise
    return database


def check_writable(database: sqlite3.Connection) -> None:
    """Raise unless this process may write, and could at this moment."""
    database.execute("BEGIN IMMEDIATE")
    database.rollback()


def read(database: sqlite3.Connection, keys: Iterable[FeatureKey]) -> Iterator[tuple[FeatureKey, bytes | None]]:
    """Yield the keys that are stored, with the payload, or with None where it is not what was written."""
    for key, (payload, checksum) in _look_up(database, _by_fingerprint(keys), f"media, {_VALUES}"):
        yield key, payload if payload is not None and checksum == checksum_of(key, payload) else None


def find(database: sqlite3.Connection, keys: Iterable[FeatureKey]) -> Iterator[FeatureKey]:
    """Yield the keys that are stored; nothing else of them is read."""
    (most,) = database.execute("SELECT MAX(rowid) FROM features").fetchone()
    for fingerprint, by_media in _by_fingerprint(keys).items():
        if len(by_media) * _ASKED_OF_ALL < (most or 0):
            yield from (key for key, _ in _look_up(database, {fingerprint: by_media}, "media"))
            continue
        # One walk along the index instead of a search for each.
        for (media,) in database.execute("SELECT media FROM features WHERE fingerprint = ?", (fingerprint,)):
            if media in by_media:
                yield by_media[media]


def _by_fingerprint(keys: Iterable[FeatureKey]) -> dict[str, dict[str, FeatureKey]]:
    by_fingerprint: dict[str, dict[str, FeatureKey]] = {}
    for key in keys:
        by_fingerprint.setdefault(key.fingerprint, {})[key.media] = key
    return by_fingerprint


def _look_up(
    database: sqlite3.Connection, by_fingerprint: Mapping[str, Mapping[str, FeatureKey]], columns: str
) -> Iterator[tuple[FeatureKey, tuple[Any, ...]]]:
    """Yield the keys that are stored, with the columns behind the first, in the order of the index.

    Args:
        database: The store.
        by_fingerprint: Fingerprint -> media -> key.
        columns: `media`, and what else is read.
    """
    for fingerprint, by_media in by_fingerprint.items():
        remaining = iter(sorted(by_media))
        while asked := tuple(itertools.islice(remaining, _KEYS_AT_ONCE)):
            for media, *values in database.execute(_select(len(asked), columns), (fingerprint, *asked)):
                if media in by_media:  # unless the row is damaged
                    yield by_media[media], tuple(values)


def read_all(database: sqlite3.Connection) -> Iterator[tuple[FeatureKey, bytes | None]]:
    """Yield every key in order, with the payload, or with None where it is not what was written."""
    last = ("", "")
    while rows := database.execute(
        f"SELECT media, fingerprint, {_VALUES} FROM features WHERE (media, fingerprint) > (?, ?) "
        f"ORDER BY media, fingerprint LIMIT {_ROWS_AT_ONCE}",
        last,
    ).fetchall():
        for media, fingerprint, payload, checksum in rows:
            key = FeatureKey(media, fingerprint)
            yield key, payload if payload is not None and checksum == checksum_of(key, payload) else None
        last = rows[-1][:2]


@functools.cache
def _select(num_media: int, columns: str) -> str:
    """Return the query for so many media at once; `(media, fingerprint) IN (...)` would read the whole table."""
    media = ", ".join("?" * num_media)
    return f"SELECT {columns} FROM features WHERE fingerprint = ? AND media IN ({media})"


def write(database: sqlite3.Connection, payloads: Mapping[FeatureKey, bytes]) -> None:
    """Store payloads in one transaction; what was stored under their keys is replaced."""
    rows = [(key.media, key.fingerprint, payload, checksum_of(key, payload)) for key, payload in payloads.items()]
    with database:
        database.executemany(
            "INSERT OR REPLACE INTO features (media, fingerprint, payload, checksum) VALUES (?, ?, ?, ?)", rows
        )


def checksum_of(key: FeatureKey, payload: bytes) -> bytes:
    """Return a hash of a row, so that neither a flipped bit nor a payload under another key is believed."""
    digest = hashlib.blake2b(f"{key.media}\0{key.fingerprint}\0".encode(), digest_size=16)
    digest.update(payload)
    return digest.digest()


def _schema_version(database: sqlite3.Connection) -> int | None:
    """Return the version of the tables, or None if there are none yet; read without any lock on writers."""
    found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not found:
        return None
    if not found >= _TABLES:
        raise ForeignStoreError("it is a database of another program")
    row = database.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if row is None:
        return None
    with contextlib.suppress(TypeError, ValueError):
        version = int(row[0])
        if 1 <= version <= SCHEMA_VERSION:
            return version
    raise ForeignStoreError(f"it has schema {row[0]}, this version reads {SCHEMA_VERSION}")


def _create(database: sqlite3.Connection) -> None:
    """Make the tables anew, unless another process has just done so."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        version = _schema_version(database)
        if version == SCHEMA_VERSION:
            return
        if version == _WITH_CHECKSUMS:
            database.execute("ALTER TABLE features RENAME TO before")
        database.execute("DROP TABLE IF EXISTS features")
        database.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)")
        # Rows with a number of their own: the index then holds keys alone, however large a feature is.
        database.execute(
            "CREATE TABLE features (media TEXT, fingerprint TEXT, payload BLOB NOT NULL, checksum BLOB NOT NULL, "
            "UNIQUE (media, fingerprint))"
        )
        if version == _WITH_CHECKSUMS:
            database.execute("INSERT OR IGNORE INTO features SELECT media, fingerprint, payload, checksum FROM before")
            database.execute("DROP TABLE before")
        database.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
