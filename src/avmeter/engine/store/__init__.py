"""Features on disk: one SQLite file, keyed by media content and extractor fingerprint.

A key never contains a file name, so renamed files hit and overwritten files miss. Several processes may share a
store. A store decides about the work of later runs only: whatever is wrong with one, scores go on.
"""

from avmeter.engine.store.base import FeatureKey, NoStore, Store
from avmeter.engine.store.opening import default_store_folder, open_store
from avmeter.engine.store.sqlite_store import SqliteStore

__all__ = ["FeatureKey", "NoStore", "SqliteStore", "Store", "default_store_folder", "open_store"]
