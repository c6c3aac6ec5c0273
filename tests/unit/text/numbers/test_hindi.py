"""Hindi numbers are read, whichever way their words are spelled."""

from __future__ import annotations

import pytest

from avmeter.text.normalise import normalise
from avmeter.text.numbers.hindi import hindi_in_digits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("पैंतीस", "35"),
        ("पाँच पांच", "5 5"),
        ("छह छः", "6 6"),
        ("उन्नीस सौ चौरासी", "1984"),
        ("दो हजार चौबीस", "2024"),
        ("एक लाख पच्चीस हजार", "125000"),
        ("तीन करोड", "30000000"),
        ("तीन दशमलव एक चार", "3.14"),
        ("एक 1", "एक एक"),
        ("", ""),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Each number becomes one word of digits; everything else stays."""
    assert hindi_in_digits(text) == expected


def test_every_number_below_a_hundred_has_a_word_of_its_own() -> None:
    """The hundred words are a hundred numbers, in their order, with or without nukta."""
    from avmeter.text.numbers import hindi

    words = [entry.split("|")[0] for entry in hindi._BELOW_HUNDRED.split()]
    assert [normalise(word, "magihuman", None) for word in words[2:]] == [str(n) for n in range(2, 100)]
    assert len(words) == 100
