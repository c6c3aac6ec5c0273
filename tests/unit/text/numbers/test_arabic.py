"""Arabic number words are read as the number they name."""

from __future__ import annotations

import pytest

from avmeter.text.numbers.arabic import arabic_in_digits
from avmeter.text.signs import without_optional_signs
from support import require


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("خمسة وعشرون كتابا", "25 كتابا"),
        ("خمس و عشرين", "25"),
        ("ألف وتسعمئة وأربعة وثمانون", "1984"),
        ("تسع مائة", "900"),
        ("أحد عشر واثنتا عشرة", "11 و 12"),
        ("مليون ومئتان وخمسون ألفا", "1250000"),
        ("خمسة وثلاثة آلاف", "5 و 3000"),
        ("خمسة عشرون", "5 20"),
        ("20 ألف", "20000"),
        ("1 واحد", "واحد واحد"),
        ("أحد الناس", "احد الناس"),
        ("", ""),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Each number becomes one word of digits; everything else stays."""
    assert arabic_in_digits(without_optional_signs(text, "ar")) == expected


def test_words_of_the_library_are_read_back() -> None:
    """What num2words writes for a number is that number; of 2000 it writes only the end."""
    num2words = require.package("num2words").num2words
    wrong = [
        n for n in range(2, 12_000) if arabic_in_digits(without_optional_signs(num2words(n, lang="ar"), "ar")) != str(n)
    ]
    assert wrong == [2000]
