"""A run without a store."""

from avmeter.engine.store.base import NoStore
from support.stores import KEY, features


def test_no_store_has_nothing_of_what_was_put():
    """What is put into no store is dropped."""
    store = NoStore()
    store.put(KEY, features())
    store.flush()
    assert store.get([KEY]) == {}
    assert store.find([KEY]) == set()
    store.close()
