"""Counts add up over processes, and tell what came after an earlier time."""

from avmeter.engine.compute.counts import Counts


def test_what_came_after_a_copy_is_the_difference():
    """Only names that changed are in it, and the copy stays as it was."""
    counts = Counts(computed={"a": 1, "b": 2}, store_reads=3)
    before = counts.copy()
    counts.add_feature("b")
    counts.add_windows("b", 5)
    assert counts.since(before) == Counts(computed={"b": 1}, windows={"b": 5})
    assert before == Counts(computed={"a": 1, "b": 2}, store_reads=3)


def test_counts_of_two_processes_are_summed_by_name():
    """Whoever computed it."""
    one, other = Counts(computed={"a": 1}, store_reads=1), Counts(computed={"a": 2, "b": 1}, windows={"b": 4})
    assert one.plus(other) == Counts(computed={"a": 3, "b": 1}, store_reads=1, windows={"b": 4})
