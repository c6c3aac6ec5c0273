"""Korean numbers are written as they are read in Sino-Korean."""

from __future__ import annotations

import random

import pytest

from avmeter.text.numbers.korean import korean_in_hangul
from support import require


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024년 6월 10월", "이천이십사년 유월 시월"),
        ("열두 명 열한 시 스무 살", "십이 명 십일 시 이십 살"),
        ("하나 둘 셋", "일 이 삼"),
        ("1만 10000 1억", "만 만 일억"),
        ("010-1234-5678", "공일공-일이삼사-오육칠팔"),
        ("3.5 50%", "삼점오 오십퍼센트"),
        ("백스물다섯", "백이십오"),
        # Words with numerals in them.
        ("둘레길 한국 세상 열쇠 네가", "둘레길 한국 세상 열쇠 네가"),
        ("이 사람", "이 사람"),
        ("", ""),
    ],
)
def test_numbers_of_a_text(text: str, expected: str) -> None:
    """Digits and native words become Sino-Korean; everything else stays."""
    assert korean_in_hangul(text) == expected


def test_words_are_those_of_the_library() -> None:
    """A number in digits is written as num2words writes it, but for spaces."""
    num2words = require.package("num2words").num2words
    numbers = [*range(3000), *(random.Random(1).randrange(10**12) for _ in range(300))]
    assert [n for n in numbers if korean_in_hangul(str(n)) != num2words(n, lang="ko").replace(" ", "")] == []
