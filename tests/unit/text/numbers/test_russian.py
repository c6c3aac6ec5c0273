"""Russian numbers are read in every case."""

from __future__ import annotations

import random

import pytest

from avmeter.text.numbers.russian import russian_in_digits
from support import require


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("двадцати пяти, двадцатью пятью", "25, 25"),
        ("в две тысячи двадцать четвертом году", "в 2024 году"),
        ("двадцать первый 21-й 21-го", "21 21 21"),
        ("миллион двести тысяч", "1200000"),
        ("пятьдесят процентов 1%", "50 процентов один процентов "),
        ("один первый", "один первый"),
        ("сорок второй", "42"),
        ("два, три", "2, 3"),
        ("стол сотый", "стол 100"),
        ("", ""),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Each number becomes one word of digits; everything else stays."""
    assert russian_in_digits(text).split() == expected.split()


def test_words_of_the_library_are_read_back() -> None:
    """What num2words writes for a number is that number."""
    num2words = require.package("num2words").num2words
    numbers = [*range(2, 3000), *(random.Random(1).randrange(2, 10**12) for _ in range(300))]
    assert [n for n in numbers if russian_in_digits(num2words(n, lang="ru").replace("ё", "е")) != str(n)] == []
