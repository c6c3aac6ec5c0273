"""Features and keys to store, and locks that another process would have."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from avmeter.engine.store import FeatureKey
from avmeter.features.base import Features

KEY = FeatureKey("media", "fingerprint")


def features(**facts) -> Features:
    return Features(arrays={"embedding": np.arange(6, dtype=np.float32).reshape(2, 3)}, facts=facts)


def assert_same(a: Features, b: Features) -> None:
    assert a.arrays.keys() == b.arrays.keys()
    for name, array in a.arrays.items():
        assert array.dtype == b.arrays[name].dtype
        np.testing.assert_array_equal(array, b.arrays[name])
    assert dict(a.facts) == dict(b.facts)
    assert a.dummy == b.dummy


def num_on_disk(folder: Path) -> int:
    """Features that another process would find."""
    db = sqlite3.connect(folder / "features.sqlite")
    try:
        (count,) = db.execute("SELECT COUNT(*) FROM features").fetchone()
    finally:
        db.close()
    return count


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within the block nobody else can write to the store."""
    db = sqlite3.connect(folder / "features.sqlite", isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
    finally:
        db.rollback()
        db.close()
