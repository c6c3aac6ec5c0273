"""Which store a run has."""

from __future__ import annotations

import warnings
from pathlib import Path

from avmeter.engine.store.base import NoStore, Store
from avmeter.engine.store.sqlite_store import SqliteStore
from avmeter.errors import UsageError
from avmeter.runtime.environment import cache_folder


def default_store_folder() -> Path:
    """Return the folder of the feature store in the user's cache folder."""
    return cache_folder() / "store"


def open_store(store: str | Path | bool | None) -> Store:
    """Open a store: a folder's, with True that of the user's cache folder, with None or False one that stores nothing.

    Nobody named the folder in the cache: where it cannot be used, one warning says so, and nothing is stored.

    Raises:
        UsageError: A named folder cannot be written, or its store is damaged, foreign or of a later version.
    """
    if store is None or store is False:
        return NoStore()
    if store is not True:
        return SqliteStore(Path(store))
    try:
        return SqliteStore(default_store_folder())
    except UsageError as error:
        warnings.warn(f"{error.message}; features are not stored, scoring goes on\nhint: {error.hint}", stacklevel=2)
    except RuntimeError as error:  # no home folder
        warnings.warn(f"no feature store ({error}); features are not stored, scoring goes on", stacklevel=2)
    return NoStore()
