"""A store in a folder: reads in the thread of the run, writes in a thread of its own."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
import weakref
from collections.abc import Iterable
from pathlib import Path

from avmeter.engine.store.base import FeatureKey
from avmeter.engine.store.database import ForeignStoreError, advice, check_writable, connect, find, is_locked, read
from avmeter.engine.store.encoding import decode_features, encode_features
from avmeter.engine.store.writer import FeatureWriter
from avmeter.errors import UsageError
from avmeter.features.base import Features

logger = logging.getLogger("avmeter")
_BUSY_TIMEOUT_S = 1.0
_LOCKED_AT_END_S = 1.0  # of a program that closes nothing, as one that was interrupted: it has seconds to end


class SqliteStore:
    """A feature store in `folder/features.sqlite`.

    A failing disk turns the store off with one message; the run goes on without it. A process forked from this one
    opens the file again.

    Args:
        folder: Made if there is none.

    Attributes:
        path: The file.
        num_damaged: Stored features that turned out not to be what was written; they count as absent.

    Raises:
        UsageError: The folder cannot be written, or the file is damaged, another program's or a later version's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "features.sqlite"
        self.num_damaged = 0
        self._said_unreadable = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._begin()
        except (OSError, sqlite3.Error, ForeignStoreError) as error:
            raise self._unusable(error) from error

    def _begin(self) -> None:
        self._owner = os.getpid()
        self._database: sqlite3.Connection | None = None
        self._writer = FeatureWriter(self.path)
        weakref.finalize(self, self._writer.close, max_wait_s=_LOCKED_AT_END_S)
        try:
            check_writable(self._connection())
        except sqlite3.Error as error:
            if not is_locked(error):
                raise

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = connect(self.path, busy_timeout_s=_BUSY_TIMEOUT_S)
            weakref.finalize(self, _close, self._database, self._owner)
        return self._database

    def _unusable(self, error: Exception) -> UsageError:
        return UsageError(f"{self.path}: the feature store cannot be opened ({error})", hint=advice(self.path, error))

    def _leave_to_owner(self) -> None:
        """In a forked process: open the file again; the connection and the thread are the other's."""
        if self._owner != os.getpid():
            self._inherited = self._database  # closing it would take the owner's locks away
            self._begin()

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return those of `keys` that are stored. A row that is not what was written counts as absent."""
        self._leave_to_owner()
        found: dict[FeatureKey, Features] = {}
        absent = list(keys)
        if self._writer.num_held:  # what is written meanwhile is found below
            asked, absent = absent, []
            for key in asked:
                payload = self._writer.held(key)
                if payload is None:
                    absent.append(key)
                else:
                    found[key] = decode_features(payload)
        if self._writer.is_broken:
            return found
        num_damaged = 0
        try:
            for key, payload in read(self._connection(), absent):
                try:
                    found[key] = decode_features(payload or b"")
                except ValueError:
                    num_damaged += 1
        except (sqlite3.Error, ForeignStoreError) as error:
            self._say_unreadable(error)
        if num_damaged and not self.num_damaged:
            warnings.warn(f"{self.path}: {num_damaged} damaged features are computed anew", stacklevel=3)
        self.num_damaged += num_damaged
        return found

    def find(self, keys: Iterable[FeatureKey]) -> set[FeatureKey]:
        """Return those of `keys` that are stored; no feature is read, so that one that is damaged counts."""
        self._leave_to_owner()
        asked = list(keys)
        found = {key for key in asked if self._writer.held(key) is not None} if self._writer.num_held else set()
        if self._writer.is_broken:
            return found
        try:
            found.update(find(self._connection(), asked))
        except (sqlite3.Error, ForeignStoreError) as error:
            self._say_unreadable(error)
        return found

    def _say_unreadable(self, error: Exception) -> None:
        if self._said_unreadable:
            return
        self._said_unreadable = True
        if isinstance(error, sqlite3.Error) and is_locked(error):
            logger.warning("%s: another process locks the feature store; features are computed anew", self.path)
            return
        logger.warning(
            "%s: the feature store cannot be read (%s); features are computed anew. What helps: %s",
            self.path,
            error,
            advice(self.path, error),
        )

    def put(self, key: FeatureKey, features: Features) -> None:
        """Store one feature. A killed process loses what it put in the last second at most."""
        self._leave_to_owner()
        try:
            payload = encode_features(features)
        except ValueError as error:
            warnings.warn(f"{self.path}: a feature cannot be stored ({error}); scoring goes on", stacklevel=3)
            return
        self._writer.put(key, payload)

    def flush(self) -> None:
        """Write and commit, unless another process locks the store."""
        self._leave_to_owner()
        self._writer.flush()

    def close(self) -> None:
        """Commit and close; a locked store is waited for some seconds, and said to be."""
        self._leave_to_owner()
        self._writer.close()
        if self._database is not None:
            self._database.close()
            self._database = None

    @property
    def num_features(self) -> int:
        """Number of stored features."""
        (count,) = self._connection().execute("SELECT COUNT(*) FROM features").fetchone()
        return int(count)


def _close(database: sqlite3.Connection, owner: int) -> None:
    if os.getpid() == owner:
        database.close()
