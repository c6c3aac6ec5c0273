"""The feature store keeps what was put, across processes and damage."""

import os
import sqlite3
import warnings

import pytest

from avmeter.engine.store import FeatureKey, SqliteStore
from avmeter.features.base import Features
from support import require
from support.stores import KEY, assert_same, features, locked, num_on_disk


def test_stored_features_survive_reopening(tmp_path):
    """What was put is there for the next process."""
    store = SqliteStore(tmp_path)
    store.put(KEY, features(text="hello"))
    store.close()
    again = SqliteStore(tmp_path)
    assert_same(again.get([KEY, FeatureKey("other", "x")])[KEY], features(text="hello"))
    assert again.num_features == 1
    again.close()


def test_unsaved_features_lock_nobody_out(tmp_path):
    """Another process can write while this one holds features that are not committed yet."""
    first = SqliteStore(tmp_path)
    first.put(KEY, features())
    with sqlite3.connect(tmp_path / "features.sqlite", timeout=0) as other:
        other.execute("INSERT INTO features VALUES ('other', 'x', x'00', x'00')")
    other.close()
    first.close()
    assert SqliteStore(tmp_path).num_features == 2


def test_two_stores_on_one_file_see_each_other(tmp_path):
    """Several processes may share a store."""
    first, second = SqliteStore(tmp_path), SqliteStore(tmp_path)
    first.put(KEY, features())
    first.flush()
    assert KEY in second.get([KEY])
    first.close()
    second.close()


@pytest.mark.parametrize("fact", [float("nan"), object()])
def test_facts_that_json_lacks_do_not_stop_a_run(tmp_path, fact):
    """A store decides about later runs only: the feature is scored as without one, and a warning tells."""
    store = SqliteStore(tmp_path)
    with pytest.warns(UserWarning, match="cannot be stored"):
        store.put(FeatureKey("clip", "extractor"), Features(facts={"level": fact}))
    store.flush()
    assert store.num_features == 0


def test_unreadable_rows_count_as_absent_are_counted_and_replaced(tmp_path):
    """A damaged row is computed again instead of ending the run or being believed; one warning says so."""
    store = SqliteStore(tmp_path)
    keys = [FeatureKey(str(i), "x") for i in range(3)]
    for key in keys:
        store.put(key, features())
    store.close()
    db = sqlite3.connect(tmp_path / "features.sqlite")
    with db:
        db.execute("UPDATE features SET payload = x'0102' WHERE media = '0'")
        db.execute("UPDATE features SET payload = replace(payload, '<f4', '<i4') WHERE media = '1'")
    db.close()
    again = SqliteStore(tmp_path)
    with pytest.warns(UserWarning, match="2 damaged features are computed anew") as said:
        assert list(again.get(keys)) == keys[2:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again.get(keys)
    assert len(said) == 1
    assert again.num_damaged == 4
    again.put(keys[0], features(text="new"))
    again.flush()
    assert_same(again.get(keys)[keys[0]], features(text="new"))
    again.close()


def test_page_that_is_damaged_costs_the_store_and_not_the_run(tmp_path, caplog):
    """What SQLite cannot read is computed anew, with one message that has the command that removes the file."""
    store = SqliteStore(tmp_path)
    keys = [FeatureKey(str(i), "x") for i in range(300)]
    for key in keys:
        store.put(key, features())
    store.close()
    path = tmp_path / "features.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2))
    again = SqliteStore(tmp_path)
    assert len(again.get(keys)) < 300
    assert again.get(keys[:1]) == {} or len(caplog.records) == 1
    assert len(caplog.records) == 1
    assert "rm -f" in caplog.text


def test_put_features_are_found_before_they_are_on_disk(tmp_path):
    """A store that another process locks still has what this one put."""
    store = SqliteStore(tmp_path)
    with locked(tmp_path):
        store.put(KEY, features(text="held"))
        store.flush()
        assert num_on_disk(tmp_path) == 0
        assert_same(store.get([KEY])[KEY], features(text="held"))
    store.close()
    assert num_on_disk(tmp_path) == 1


def test_keys_are_found_wherever_their_features_are(tmp_path):
    """On the disk, or put and not there yet; those of a store that cannot be read count as absent."""
    store = SqliteStore(tmp_path)
    held = FeatureKey("held", "x")
    store.put(KEY, features())
    store.flush()
    with locked(tmp_path):
        store.put(held, features())
        assert store.find([KEY, held, FeatureKey("other", "x")]) == {KEY, held}
    store.close()
    (tmp_path / "features.sqlite").write_bytes(b"\xff" * 9000)
    assert store.find([KEY]) == set()


def test_store_can_be_opened_while_another_process_locks_it(tmp_path):
    """It waits a moment, not a minute, and what is put is stored once the lock is gone."""
    SqliteStore(tmp_path).close()
    with locked(tmp_path):
        store = SqliteStore(tmp_path)
        store.put(KEY, features())
    store.close()
    assert num_on_disk(tmp_path) == 1


def test_store_that_is_dropped_has_stored_everything(tmp_path):
    """Nobody has to call `close`."""
    store = SqliteStore(tmp_path)
    store.put(KEY, features())
    del store
    assert num_on_disk(tmp_path) == 1


@require.needs("system", hasattr(os, "fork"), "processes are not forked here")
def test_forked_process_stores_through_a_connection_of_its_own(tmp_path):
    """Both the process and its fork have their features stored."""
    store = SqliteStore(tmp_path)
    store.put(KEY, features())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        store.put(FeatureKey("fork", "x"), features())
        store.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    store.close()
    assert num_on_disk(tmp_path) == 2
