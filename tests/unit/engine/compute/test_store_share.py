"""Counting what is in the store."""

from __future__ import annotations

from avmeter.engine.compute.store_share import StoreShare


def test_shares_of_two_halves_make_the_whole() -> None:
    """Numbers add up, extractor by extractor."""
    one, other = StoreShare(), StoreShare()
    one.add("a", is_stored=True)
    one.add("a", is_stored=False)
    other.add("a", is_stored=False)
    other.add("b", is_stored=True)
    one.extend(other)
    assert (one.num_needed, one.num_stored) == (4, 2)
    assert (one.missing("a"), one.missing("b"), one.missing("c")) == (2, 0, 0)
