"""Metrics by the reason that they were not run for."""

from __future__ import annotations

from avmeter.metrics.reasons import names_by_reason


def test_names_that_share_a_reason_stand_together() -> None:
    """In the order in which reasons, and names of each, come first."""
    reasons = {"m.b": "no clips", "m.c": "no weights", "m.a": "no clips"}
    assert list(names_by_reason(reasons).items()) == [("no clips", ["m.b", "m.a"]), ("no weights", ["m.c"])]
