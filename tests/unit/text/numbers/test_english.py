"""English number words are read as the number they name."""

from __future__ import annotations

import pytest

from avmeter.text.numbers.english import spell_in_digits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twenty-first, a hundred and third", "21st, 103rd"),
        ("five million two hundred thousand and one", "5200001"),
        ("a hundred and fifty thousand", "150000"),
        ("two hundred and five hundred", "200 and 500"),
        ("one thousand and two thousand", "1000 and 2000"),
        ("4 point 5 billion", "4500000000"),
        ("two point oh five", "2.05"),
        ("two thousandth", "2000th"),
        ("one third", "one 3rd"),
        ("a hundred of a thousand", "100 of 1000"),
        ("2 million 300 people", "2000000 300 people"),
        ("twenty 5", "20 5"),
        ("2.5 thousand", "2500"),
        ("three hundred", "300"),
        ("twelfth eighth fortieth", "12th 8th 40th"),
        ("111th 112th 113th", "111th 112th 113th"),
        ("$0.99 £0.01 €2.00 $3", "99 cents one penny 2 euros 3 dollars"),
        # Words that only look like numbers.
        ("second to none", "second to none"),
        ("someone at one", "someone at one"),
        ("hundreds of thousands", "hundreds of thousands"),
        ("the point and the oh", "the point and the oh"),
        ("tend to seventh heaven", "tend to 7th heaven"),
        ("a million's worth", "a million's worth"),
        ("v1.2.3 and 10.0.0.1", "v 1.2.3 and 10.0.0.1"),
        ("007 and 0050", "007 and 0050"),
        ("", ""),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Each number becomes one word of digits; everything else stays."""
    assert spell_in_digits(text) == expected


def test_digits_beyond_any_amount_pass() -> None:
    """Digit strings of any length are kept as they are."""
    digits = "9" * 10_000
    assert spell_in_digits(f"{digits} million") == f"{digits} million"
