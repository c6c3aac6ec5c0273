"""Chinese and Japanese: numbers in Han characters as digits, and a number of one character as that character.

    二零二四年, 二〇二四年, 两千零二十四年        2024年        read digit by digit, or as an amount
    三十五, 一百二十, 一万二, 3万, 1.5亿          35, 120, 12000, 30000, 150000000
    三点一四                                     3.14         but 三点十五分 is a time of day
    百分之三十五, 35%                            百分之35
    五点半, 五点三十分, 5:30                     五点30分
    5个, 五个; 2个, 两个                         五个, 二个     so that words such as 一起 and 三明治 stay words
    十人, 10人; 千円, 1000円 (Japanese)           十人, 千円
    ひとつ, ふたり (Japanese)                     一つ, 二人

Left alone: numbers in the characters of cheques (壹, 陆: 大陆 is no number), approximate ones (七八十), and in
Chinese 百, 千 and 万 with no digit before them (千万, 百姓).

Source: GB/T 15835-2011 for the writing of numbers in Chinese publications; rules of our own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

_DIGITS = {
    char: number
    for number, chars in enumerate(["零〇○", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"])
    for char in chars
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SCALES = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_DECIMAL_MARKS = "点點"
_ONE_CHARACTER = dict(enumerate("零一二三四五六七八九十"))
_LARGE_CHARACTER = {100: "百", 1000: "千"}

_HAN = "".join([*_DIGITS, *_UNITS, *_SCALES])
_LITERAL = r"\d{1,18}(?:\.\d{1,18})?(?!\.?\d)"
_ITEM = re.compile(rf"{_LITERAL}|[{_HAN}{_DECIMAL_MARKS}]")
_RUN = re.compile(rf"(?<![\d.a-z])(?:{_LITERAL}(?![a-z])|[{_HAN}])(?:{_LITERAL}(?![a-z])|[{_HAN}{_DECIMAL_MARKS}])*")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])")
_TIME_BEHIND = tuple("分刻")

_KANA = {
    **{f"{kana}つ": f"{han}つ" for kana, han in zip(
        ["ひと", "ふた", "みっ", "よっ", "いつ", "むっ", "なな", "やっ", "ここの"], "一二三四五六七八九", strict=True
    )},
    "ひとり": "一人",
    "ふたり": "二人",
}  # fmt: skip
_KANA_NUMBER = re.compile("|".join(_KANA))


def chinese_in_digits(text: str) -> str:
    """Numbers of a lower-case Chinese text in one spelling; everything else unchanged."""
    text = _CLOCK.sub(lambda match: f"{match[1]}点{match[2]}分" if int(match[2]) else f"{match[1]}点", text)
    text = re.sub(r"(?<![\d.])(\d+(?:\.\d+)?)%", r"百分之\1", text)
    text = re.sub(r"(?<![\d/.])(\d{1,3})/(\d{1,3})(?![\d/])", r"\2分之\1", text).replace("°c", "摄氏度")
    text = _RUN.sub(lambda run: _rewritten(run, japanese=False), text)
    return re.sub("([点點])半", r"\g<1>30分", text)


def japanese_in_digits(text: str) -> str:
    """Numbers of a lower-case Japanese text in one spelling; everything else unchanged."""
    text = _CLOCK.sub(lambda match: f"{match[1]}時{match[2]}分" if int(match[2]) else f"{match[1]}時", text)
    text = _KANA_NUMBER.sub(lambda match: _KANA[match[0]], text)
    text = re.sub(r"(?<![\d/.])(\d{1,3})/(\d{1,3})(?![\d/])", r"\2分の\1", text)
    text = text.replace("%", "パーセント").replace("°c", "度")
    return _RUN.sub(lambda run: _rewritten(run, japanese=True), text)


def _rewritten(run: re.Match[str], *, japanese: bool) -> str:
    items = [*_ITEM.findall(run[0]), "", ""]
    reader = _Reader(items=items, follower=run.string[run.end() : run.end() + 1], japanese=japanese)
    written: list[str] = []
    start = 0
    while items[start]:
        text, start = reader.read(start)
        # Two numbers side by side stay two.
        written.append(f" {text}" if written and written[-1][-1].isdigit() and text[0].isdigit() else text)
    return "".join(written)


class _Reader:
    """Reads numbers out of the items of one run: Han digits and units, points, numbers in digits."""

    def __init__(self, *, items: Sequence[str], follower: str, japanese: bool) -> None:
        """Prepare to read.

        Args:
            items: Of the run, and two empty ones at the end.
            follower: The character behind the run, or nothing.
            japanese: 百 and 千 stand for themselves, and 百五 is 105, not 150.
        """
        self._items = items
        self._follower = follower
        self._japanese = japanese

    def read(self, start: int) -> tuple[str, int]:
        """Return the number that begins at an item in its one spelling, or the item, and where it ends."""
        end = self._end_of_digits(start)
        behind = self._items[end]
        if end - start > 1:
            digits = "".join(str(_DIGITS[item]) for item in self._items[start:end])
            if behind in _UNITS or behind in _SCALES:
                return "".join(self._items[start:end]), end
            return self._with_places(digits, end)
        value, end = self._amount(start)
        if end == start:
            return self._items[start], start + 1
        literal = self._items[start] if end == start + 1 and self._items[start][0].isascii() else None
        if literal is not None and "." in literal:
            return literal, end
        if literal is not None:
            return self._short(literal), end
        if value != int(value):
            return f"{value.normalize():f}", end
        return self._with_places(str(int(value)), end)

    def _end_of_digits(self, start: int) -> int:
        end = start
        while self._items[end] in _DIGITS:
            end += 1
        return end

    def _with_places(self, whole: str, point: int) -> tuple[str, int]:
        """Return a number with what follows its decimal point, if one does."""
        end = self._end_of_digits(point + 1) if self._items[point] and self._items[point] in _DECIMAL_MARKS else point
        behind = self._items[end] or self._follower
        if end <= point + 1 or behind in _UNITS or behind in _TIME_BEHIND:
            return self._short(whole), point
        places = "".join(str(_DIGITS[item]) for item in self._items[point + 1 : end])
        if behind in _SCALES and len(places) < 18:
            return f"{(Decimal(f'{whole}.{places}') * _SCALES[behind]).normalize():f}", end + 1
        return f"{whole}.{places}", end

    def _short(self, digits: str) -> str:
        if len(digits) > 4 or (len(digits) > 1 and digits[0] == "0"):
            return digits
        known = {**_ONE_CHARACTER, **(_LARGE_CHARACTER if self._japanese else {})}
        return known.get(int(digits), digits)

    def _amount(self, start: int) -> tuple[Decimal, int]:
        """Return the value of a number with units, or of one digit, and where it ends: at `start` if there is none."""
        total, end, limit = Decimal(0), start, 10**12
        while True:
            value, stop = self._below_scale(end)
            scale = _SCALES.get(self._items[stop])
            if stop == end or (scale is not None and scale >= limit):
                return total, end
            if scale is None:
                colloquial = self._is_colloquial(end, stop) and end > start
                return total + value * (limit // 10 if colloquial else 1), stop
            total, end, limit = total + value * scale, stop + 1, scale

    def _is_colloquial(self, start: int, stop: int) -> bool:
        """Return whether a last digit stands for tenths of the unit before it: 一万二 is 12000."""
        return not self._japanese and stop == start + 1 and _DIGITS.get(self._items[start], 0) > 0

    def _below_scale(self, start: int) -> tuple[Decimal, int]:
        total, end, limit = Decimal(0), start, 10**4
        while True:
            begin = end + (end > start and self._items[end] in ("零", "〇"))
            digit, stop = self._digit(begin)
            unit = _UNITS.get(self._items[stop])
            if stop == begin and unit is not None and (unit == 10 or self._japanese):
                digit = Decimal(1)
            elif stop == begin:
                return total, end
            if unit is None:
                if end > start and limit > 10 and begin == end and self._is_colloquial(begin, stop):
                    digit *= limit // 10
                return total + digit, stop
            if unit >= limit:
                return total, end
            total, end, limit = total + digit * unit, stop + 1, unit

    def _digit(self, start: int) -> tuple[Decimal, int]:
        item = self._items[start]
        if item in _DIGITS:
            return Decimal(_DIGITS[item]), start + 1
        return (Decimal(item), start + 1) if item[:1].isascii() and item else (Decimal(0), start)
