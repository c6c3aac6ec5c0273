"""Sums and products of number words, on a lexicon of a few words."""

from __future__ import annotations

import pytest

from avmeter.text.numbers.additive import Lexicon, words_in_digits

LEXICON = Lexicon(
    small={("un",): 1, ("deux",): 2, ("trois",): 3, ("neuf",): 9, ("dix",): 10, ("vingt",): 20, ("vingt", "deux"): 22,
           ("quatre", "vingt"): 80, ("zéro",): 0},
    hundred=frozenset(["cent"]),
    thousand=frozenset(["mille"]),
    scales={"million": 10**6, "milliard": 10**9},
    joiners=frozenset(["et"]),
    decimals=frozenset(["virgule"]),
    one="un",
    ones=frozenset(["un"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vingt deux", "22"),
        ("quatre-vingt deux cent", "80 200"),
        ("deux cent vingt", "220"),
        ("deux mille trois", "2003"),
        ("deux mille trois mille", "2000 3000"),
        ("mille et un", "1001"),
        ("deux et trois", "2 et 3"),
        ("deux mille et trois mille", "2000 et 3000"),
        ("mille million", "1000000000"),
        ("deux milliard trois million mille", "2003001000"),
        ("2.5 million", "2500000"),
        ("2 300 million", "2 300000000"),
        ("trois virgule un deux", "3.12"),
        ("trois virgule vingt", "3.20"),
        ("deux, trois", "2, 3"),
        ("un 1 million", "un 1000000"),
        ("quatre million", "quatre million"),
        ("l'un et l'autre", "l'un et l'autre"),
        ("zéro virgule deux", "0.2"),
        ("1" * 30 + " million", "1" * 30 + " million"),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Each number becomes one word of digits; everything else stays."""
    assert words_in_digits(text, LEXICON) == expected
