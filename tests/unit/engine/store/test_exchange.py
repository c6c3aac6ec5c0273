"""Features of several stores in one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from avmeter.engine.store import FeatureKey, SqliteStore
from avmeter.engine.store.exchange import Exchange, copy_features
from avmeter.errors import UsageError
from avmeter.features.base import Features
from support.stores import assert_same


def filled(folder: Path, numbers: range) -> dict[FeatureKey, Features]:
    """A store with a feature for each number, and what is in it."""
    found = {
        FeatureKey(f"media{i}", f"print{i % 3}"): Features(arrays={"x": np.full(50, i, np.float32)}, facts={"i": i})
        for i in numbers
    }
    store = SqliteStore(folder)
    for key, features in found.items():
        store.put(key, features)
    store.close()
    return found


def test_stores_of_nodes_become_one(tmp_path: Path) -> None:
    """What both have is copied once; the sources stay; a second exchange copies nothing."""
    a, b = filled(tmp_path / "a", range(5000)), filled(tmp_path / "b", range(4990, 5010))
    target = tmp_path / "joint"
    assert copy_features(tmp_path / "a", target) == Exchange(num_read=5000, num_new=5000)
    assert copy_features(tmp_path / "b", target) == Exchange(num_read=20, num_new=10)
    assert copy_features(tmp_path / "a", target) == Exchange(num_read=5000)
    store, everything = SqliteStore(target), a | b
    found = store.get(everything)
    assert found.keys() == everything.keys()
    for key in list(everything)[::500]:
        assert_same(found[key], everything[key])
    assert SqliteStore(tmp_path / "a").num_features == 5000


def test_damaged_features_stay_where_they_are(tmp_path: Path) -> None:
    """They are counted, and computed anew by whoever needs them."""
    filled(tmp_path / "a", range(10))
    with sqlite3.connect(tmp_path / "a" / "features.sqlite") as database:
        database.execute("UPDATE features SET payload = X'00' WHERE media = 'media3'")
    database.close()
    assert copy_features(tmp_path / "a", tmp_path / "b") == Exchange(num_read=10, num_new=9, num_damaged=1)


def test_what_is_no_store_or_the_same_is_refused(tmp_path: Path) -> None:
    """And nothing is made of it."""
    filled(tmp_path / "a", range(1))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "features.sqlite").write_bytes(b"no database" * 100)
    for source in ("absent", "c"):
        with pytest.raises(UsageError):
            copy_features(tmp_path / source, tmp_path / "a")
    with pytest.raises(UsageError, match="is the store that features are copied to"):
        copy_features(tmp_path / "a", tmp_path / "." / "a")
    assert not (tmp_path / "absent").exists()
