"""Thai numbers are written in words."""

from __future__ import annotations

import random

from avmeter.text.numbers.thai import thai_in_words
from support import require


def test_words_are_those_of_the_library() -> None:
    """A number in digits is written as num2words writes it."""
    num2words = require.package("num2words").num2words
    numbers = [*range(2000), *(random.Random(1).randrange(10**12) for _ in range(300))]
    assert [n for n in numbers if thai_in_words(str(n)) != num2words(n, lang="th")] == []


def test_decimals_and_leading_zeros_are_spelled() -> None:
    """Digits behind the point, and those of a telephone number, are said one by one; names with digits stay."""
    assert thai_in_words("3.14 02 mp3") == "สามจุดหนึ่งสี่ ศูนย์สอง mp3"
