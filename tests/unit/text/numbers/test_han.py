"""Han numerals are read as the number they write, and left alone in words."""

from __future__ import annotations

import random

import pytest

from avmeter.text.numbers.han import chinese_in_digits, japanese_in_digits
from support import require


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("二〇二四年十二月二十五日", "2024年12月25日"),
        ("一百二十 一百零五 一百五", "120 105 150"),
        ("三千六 一万二 两万五千", "3600 12000 25000"),
        ("3亿5千万 1.5亿 三点五万", "350000000 150000000 35000"),
        ("一三八零零一三八零零零", "13800138000"),
        ("零零七", "007"),
        ("下午三点十五分", "下午三点15分"),
        ("三点五分 三点半 3:30 3:00", "三点五分 三点30分 三点30分 三点"),
        ("二十点五", "20.5"),
        ("百分之三点五 3.5%", "百分之3.5 百分之3.5"),
        ("1/3 三分之一", "三分之一 三分之一"),
        ("25°c", "25摄氏度"),
        # Words with numerals in them.
        ("一起吃三明治", "一起吃三明治"),
        ("老百姓七八十个", "老百姓七八十个"),
        ("大陆 第1 mp3", "大陆 第一 mp3"),
        ("", ""),
    ],
)
def test_numbers_of_a_chinese_text(text: str, expected: str) -> None:
    """Each number is written once; everything else stays."""
    assert chinese_in_digits(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("千九百八十四年", "1984年"),
        ("百五", "105"),
        ("10人 ふたり", "十人 二人"),
        ("3万5千", "35000"),
        ("三分の一 1/3", "三分の一 三分の一"),
        ("数百人 千円 1000円", "数百人 千円 千円"),
    ],
)
def test_numbers_of_a_japanese_text(text: str, expected: str) -> None:
    """Japanese leaves out the one before a hundred and a thousand, and adds a last digit as it stands."""
    assert japanese_in_digits(text) == expected


def test_japanese_words_of_the_library_are_read_back() -> None:
    """What num2words writes for a number is that number."""
    num2words = require.package("num2words").num2words
    numbers = [*range(3000), *(random.Random(1).randrange(10**12) for _ in range(300))]
    assert [n for n in numbers if japanese_in_digits(num2words(n, lang="ja")) != japanese_in_digits(str(n))] == []
