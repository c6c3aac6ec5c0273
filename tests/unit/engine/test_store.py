"""The feature store keeps what was put, across processes and damage."""

import sqlite3
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avmeter.engine.store import FeatureKey, NoStore, SqliteStore, decode_features, encode_features, open_store
from avmeter.errors import UsageError
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


@given(
    hnp.arrays(st.sampled_from(["f4", "f8", "i8", "u1", "?"]), hnp.array_shapes(min_dims=0, min_side=0, max_dims=3)),
    st.text(),
    st.booleans(),
)
def test_encoded_features_come_back(array, text, dummy):
    """Arrays of any type and shape, text and the dummy mark survive the store's encoding."""
    given_features = Features(arrays={"a": array, "b": array}, facts={"text": text}, dummy=dummy)
    assert_same(decode_features(encode_features(given_features)), given_features)


def test_truncated_payload_is_an_error():
    """A damaged value is noticed, not returned."""
    payload = encode_features(features())
    with pytest.raises(ValueError, match="buffer"):
        decode_features(payload[:-4])
    with pytest.raises(ValueError, match="describes"):
        decode_features(payload + b"xxxx")


def test_object_arrays_cannot_enter_through_a_store():
    """A forged header cannot make NumPy build objects."""
    payload = encode_features(features()).replace(b'"<f4"', b'"|O8"')
    with pytest.raises(ValueError, match="objects"):
        decode_features(payload)


def test_stored_features_survive_reopening(tmp_path):
    """What was put is there for the next process."""
    store = SqliteStore(tmp_path)
    store.put(KEY, features(text="hello"))
    store.close()
    again = SqliteStore(tmp_path)
    assert_same(again.get([KEY, FeatureKey("other", "x")])[KEY], features(text="hello"))
    assert again.num_features == 1
    again.close()


def test_slow_features_are_committed_one_by_one(tmp_path):
    """A feature that took more than a second is safe from SIGKILL as soon as it is put."""
    store = SqliteStore(tmp_path)
    store._committed -= 1.5
    store.put(KEY, features())
    assert SqliteStore(tmp_path).num_features == 1
    store.put(FeatureKey("next", "x"), features())
    assert SqliteStore(tmp_path).num_features == 1, "fast features share a commit"
    store.close()
    assert SqliteStore(tmp_path).num_features == 2


def test_unreadable_row_counts_as_absent(tmp_path):
    """A damaged row is computed again instead of ending the run."""
    store = SqliteStore(tmp_path)
    store.put(KEY, features())
    store.close()
    db = sqlite3.connect(tmp_path / "features.sqlite")
    with db:
        db.execute("UPDATE features SET payload = x'0102'")
    db.close()
    again = SqliteStore(tmp_path)
    assert again.get([KEY]) == {}
    again.close()


def test_store_that_fails_while_running_is_given_up_with_one_warning(tmp_path):
    """A full disk costs the store, not the run."""
    store = SqliteStore(tmp_path)
    store._db.close()
    store.put(KEY, features())
    with pytest.warns(UserWarning, match="no longer stored"):
        store.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.put(KEY, features())
        store.flush()
        assert store.get([KEY]) == {}


def test_unsaved_features_lock_nobody_out(tmp_path):
    """Another process can write while this one holds features that are not committed yet."""
    first = SqliteStore(tmp_path)
    first.put(KEY, features())
    with sqlite3.connect(tmp_path / "features.sqlite", timeout=0) as other:
        other.execute("INSERT INTO features VALUES ('other', 'x', x'00')")
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


def test_folder_that_cannot_be_written_is_a_usage_error(tmp_path):
    """The message names the file and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--no-store"):
        open_store(tmp_path / "file")


@pytest.mark.parametrize("nothing", [None, False])
def test_no_store_keeps_nothing(nothing):
    """None and False mean no store."""
    store = open_store(nothing)
    assert isinstance(store, NoStore)
    store.put(KEY, features())
    assert store.get([KEY]) == {}


def test_default_folder_follows_the_environment(tmp_path, monkeypatch):
    """`AVMETER_CACHE` moves the cache folder."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path))
    store = open_store(True)
    store.close()
    assert (tmp_path / "store" / "features.sqlite").exists()


def test_cache_folder_that_cannot_be_written_costs_the_store_alone(tmp_path, monkeypatch):
    """Nobody asked for this store: one warning, and nothing is stored."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="scoring goes on") as caught:
        store = open_store(True)
    assert isinstance(store, NoStore)
    assert len(caught) == 1


@pytest.mark.parametrize("fact", [float("nan"), object()])
def test_facts_that_json_lacks_do_not_stop_a_run(tmp_path, fact):
    """A store decides about later runs only: the feature is scored as without one, and a warning tells."""
    store = SqliteStore(tmp_path)
    with pytest.warns(UserWarning, match="cannot be stored"):
        store.put(FeatureKey("clip", "extractor"), Features(facts={"level": fact}))
    store.flush()
    assert store.num_features == 0
