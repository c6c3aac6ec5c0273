"""Features on disk: one SQLite file, keyed by media content and extractor fingerprint, written transactionally.

A key never contains a file name, so renamed files hit and overwritten files miss. Several processes may share a
store. Values are a JSON header followed by raw array bytes: nothing in a store can execute.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
import time
import warnings
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from avmeter.errors import UsageError
from avmeter.features.base import Features
from avmeter.runtime.environment import cache_folder

SCHEMA_VERSION = 1
_COMMIT_EVERY_S = 1.0


@dataclass(frozen=True)
class FeatureKey:
    """What was measured (content hash or hashes) and by what (fingerprint)."""

    media: str
    fingerprint: str


class Store(Protocol):
    """Where features are stored between runs."""

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return those of `keys` that are stored."""

    def put(self, key: FeatureKey, features: Features) -> None:
        """Store one feature."""

    def flush(self) -> None:
        """Make everything put so far durable."""

    def close(self) -> None:
        """Flush and release."""


class NoStore:
    """Stores nothing."""

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return nothing."""
        return {}

    def put(self, key: FeatureKey, features: Features) -> None:
        """Drop the feature."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class SqliteStore:
    """A feature store in `folder/features.sqlite`.

    A failing disk turns the store off with one warning; the run goes on without it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "features.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
            weakref.finalize(self, self._db.close)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._check_version()
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{self.path}: the feature store cannot be opened ({error})",
                hint="choose another folder with `store=` or `--store DIR`, or go without: `--no-store`",
            ) from error
        self._pending: dict[FeatureKey, bytes] = {}
        self._committed = time.monotonic()
        self._broken = False

    def _check_version(self) -> None:
        with self._db:
            self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS features (media TEXT, fingerprint TEXT, payload BLOB NOT NULL, "
                "PRIMARY KEY (media, fingerprint)) WITHOUT ROWID"
            )
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
        (found,) = self._db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
        if found != str(SCHEMA_VERSION):
            raise UsageError(
                f"{self.path}: the feature store has schema {found}, this version reads {SCHEMA_VERSION}",
                hint="delete the file, or choose another folder with `--store DIR`",
            )

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return those of `keys` that are stored. An unreadable row counts as absent."""
        self.flush()
        found: dict[FeatureKey, Features] = {}
        if self._broken:
            return found
        try:
            for key in keys:
                row = self._db.execute(
                    "SELECT payload FROM features WHERE media = ? AND fingerprint = ?",
                    (key.media, key.fingerprint),
                ).fetchone()
                if row is not None:
                    with contextlib.suppress(ValueError, KeyError, struct.error):
                        found[key] = decode_features(row[0])
        except sqlite3.Error as error:
            self._give_up(error)
        return found

    def put(self, key: FeatureKey, features: Features) -> None:
        """Store one feature. A killed process loses what it put in the last second at most, and no slow feature."""
        if self._broken:
            return
        # Collected and written in one go: a transaction left open would lock other processes out.
        try:
            self._pending[key] = encode_features(features)
        except (TypeError, ValueError) as error:
            warnings.warn(f"{self.path}: a feature cannot be stored ({error}); scoring goes on", stacklevel=3)
            return
        # Counted from the last commit, not from the first feature after it: where features take seconds, each is
        # committed at once.
        if time.monotonic() - self._committed >= _COMMIT_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Write and commit."""
        if not self._pending:
            return
        rows = [(key.media, key.fingerprint, payload) for key, payload in self._pending.items()]
        self._pending.clear()
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._give_up(error)
        self._committed = time.monotonic()

    def _give_up(self, error: sqlite3.Error) -> None:
        self._broken = True
        warnings.warn(f"{self.path}: features are no longer stored ({error}); scoring goes on", stacklevel=3)

    def close(self) -> None:
        """Commit and close."""
        self.flush()
        self._db.close()

    @property
    def num_features(self) -> int:
        """Number of stored features."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM features").fetchone()
        return int(count)


def default_store_folder() -> Path:
    """Return the folder of the feature store in the user's cache folder."""
    return cache_folder() / "store"


def open_store(store: str | Path | bool | None) -> Store:
    """Open a store: a folder's, with True that of the user's cache folder, with None or False one that stores nothing.

    Where the cache folder cannot be written, as in read-only containers, a warning says so and nothing is stored.

    Raises:
        UsageError: The folder that `store` names cannot be written, or a store is of another version.
    """
    if store is None or store is False:
        return NoStore()
    if store is not True:
        return SqliteStore(Path(store))
    try:
        return SqliteStore(default_store_folder())
    except UsageError as error:
        if not isinstance(error.__cause__, OSError | sqlite3.Error):
            raise
        warnings.warn(f"{error.message}; features are not stored, scoring goes on", stacklevel=2)
        return NoStore()


def encode_features(features: Features) -> bytes:
    """Return the length of the header (uint32), a JSON header, then the arrays' bytes in its order."""
    arrays = {k: np.ascontiguousarray(v) for k, v in features.arrays.items()}
    header = json.dumps(
        {
            "arrays": [[k, v.dtype.str, v.shape] for k, v in arrays.items()],
            "facts": features.facts,
            "dummy": features.dummy,
        },
        allow_nan=False,
    ).encode()
    return b"".join([struct.pack("<I", len(header)), header, *(v.tobytes() for v in arrays.values())])


def decode_features(payload: bytes) -> Features:
    """Return what `encode_features` was given.

    Raises:
        ValueError: The payload is damaged.
    """
    (length,) = struct.unpack_from("<I", payload)
    header = json.loads(payload[4 : 4 + length])
    offset = 4 + length
    arrays = {}
    for name, dtype, shape in header["arrays"]:
        kind = np.dtype(dtype)
        if kind.hasobject:
            raise ValueError("a stored array cannot hold objects")
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(payload, kind, count, offset).reshape(shape).copy()
        offset += count * kind.itemsize
    if offset != len(payload):
        raise ValueError(f"stored feature has {len(payload)} bytes, its header describes {offset}")
    return Features(arrays=arrays, facts=header["facts"], dummy=header["dummy"])
