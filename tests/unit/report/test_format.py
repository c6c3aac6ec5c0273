"""Numbers, names and foreign text are written the same in every table."""

from __future__ import annotations

import pytest

from avmeter.report.format import format_corpus, format_number, shorten, with_arrow


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (0.123456, "0.1235"), (12.3456, "12.35"), (-23.456, "-23.46"), (15432.0, "15432"),
     (1234567.0, "1.235e+06"), (0.00001234, "1.234e-05")],
)  # fmt: skip
def test_numbers_have_four_digits(value: float | None, text: str) -> None:
    """The same everywhere."""
    assert format_number(value) == text


def test_arrows_point_to_better_and_long_names_keep_both_ends() -> None:
    """A direction is an arrow, and a cut is in the middle."""
    assert with_arrow("m", "higher") == "m ↑"
    assert with_arrow("m", "none") == "m"
    assert shorten("abcdefghij", 5) == "ab…ij"


def test_corpus_score_that_is_absent_says_why() -> None:
    """A code, or that the group needs a run of its own."""
    assert format_corpus(None) == "–"
    assert format_corpus({"score": 0.5, "skip_code": None, "reason": None}) == "0.5000"
    assert format_corpus({"score": None, "skip_code": "silent", "reason": "c: silent"}) == "silent"
    assert format_corpus({"score": None, "skip_code": None, "reason": "needs a run of its own"}) == "own run"
    assert format_corpus({"score": None, "skip_code": None, "reason": None}) == "–"
