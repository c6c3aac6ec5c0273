"""English: number words as digits, so that "fifty turns" and "50 turns" are the same words.

Whether a recogniser writes a number in words or in digits is its habit, not what was said. Both texts of a comparison
go through the same rules, so a rule need not read minds: it only has to send every way to write one number to the
same place, and different numbers to different places.

    twenty-one, two hundred and five, a thousand      21  205  1000
    2.5 million, three point one four                 2500000  3.14
    nineteen eighty-four, twenty twenty, nineteen oh five     1984  2020  1905
    twenty-first, a hundred and third                  21st  103rd
    $5.50, five dollars and fifty cents               5 dollars and 50 cents
    50km, 50 km                                       50 km

Kept as words, because they are words more often than numbers: "one" (a bare 1 becomes "one"), "first" (and 1st),
"second" (and 2nd; 42nd becomes "40 second", as "forty second street" and "a forty-second street scene" cannot be told
apart). Numbers that stand side by side stay apart ("one two three" is "one 2 3", not 123), years excepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

_BELOW_TWENTY = {word: number for number, word in enumerate(["zero", *_UNITS, *_TEENS])}
_TENS_VALUE = {word: 10 * number for number, word in enumerate(_TENS, start=2)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_IRREGULAR = {"third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine", "twelfth": "twelve"}
_ORDINALS = {
    **{f"{word}th": word for word in ["zero", *_UNITS, *_TEENS, "hundred", *_SCALES] if word not in ("one", "two")},
    **{f"{word[:-1]}ieth": word for word in _TENS},
    **_IRREGULAR,
    "first": "one",
}
_ALL = (*_BELOW_TWENTY, *_TENS_VALUE, "hundred", *_SCALES, *_ORDINALS, "and", "point", "oh")
_WORDS = sorted(_ALL, key=len, reverse=True)
_MAX_PLACES = 18
# Longer digit strings are no amounts, and Python refuses to convert very long ones.
_LITERAL = r"\d{1,18}(?:\.\d{1,18})?(?!\.?\d)"
_START = rf"(?:an?\s+(?=(?:hundred|{'|'.join(_SCALES)})\b)|(?!and\b|point\b|oh\b))"
_WORD = rf"(?:(?:{'|'.join(_WORDS)})\b|{_LITERAL}(?![a-z]))"
_RUN = re.compile(rf"(?<![\w.']){_START}{_WORD}(?:[\s-]+{_WORD})*(?!')")

_COINS = {"$": ("dollar", "dollars", "cents"), "€": ("euro", "euros", "cents"), "£": ("pound", "pounds", "pence")}
_MONEY = re.compile(rf"([$€£])\s?({_LITERAL})((?:\s+|-)(?:hundred|{'|'.join(_SCALES)})\b)?")


def spell_in_digits(text: str) -> str:
    """English numbers of a lower-case text as digits; everything else unchanged.

    Digits must be ungrouped ("1000", not "1,000"), and "." their decimal point. Punctuation may still be there and is
    of use: a comma keeps numbers apart.
    """
    text = _MONEY.sub(_money, text)
    text = re.sub(r"\bper cent\b", "percent", text)
    text = re.sub(r"(?<=\d)(?!(?:st|nd|rd|th|s)\b)(?=[a-z])|(?<=[a-z])(?=\d)", " ", text)
    text = _RUN.sub(lambda run: " ".join(_digits(re.split(r"[\s-]+", run[0]))), text)
    text = re.sub(r"(?<![\d.])(\d*)2nd\b", _second, text)
    text = re.sub(r"(?<![\d.])1st\b", "first", text)
    return re.sub(r"(?<![\w.])1(?![\w]|\.\d)", "one", text)


def _money(match: re.Match[str]) -> str:
    one, many, cents = _COINS[match[1]]
    amount, scale = match[2], match[3] or ""
    whole, _, part = amount.partition(".")
    if scale or len(part) != 2:
        return f"{amount}{scale} {one if amount == '1' and not scale else many}"
    coins = f"{int(part)} {cents if int(part) != 1 else 'penny' if match[1] == '£' else 'cent'}"
    if int(part) == 0:
        return f"{whole} {one if whole == '1' else many}"
    return coins if int(whole) == 0 else f"{whole} {one if whole == '1' else many} and {coins}"


def _second(match: re.Match[str]) -> str:
    rest = f"{match[1]}0" if match[1] else ""
    return f"{rest} second" if int(rest or 0) else "second"


def _digits(run: Sequence[str]) -> list[str]:
    """The words of a run of number words, each number among them as one word of digits."""
    written: list[str] = []
    start = 0
    for stop, word in enumerate(run, start=1):
        # An ordinal ends a number, so what follows one need not be looked at.
        if word in _ORDINALS or stop == len(run):
            written.extend(_numbers(run[start:stop]))
            start = stop
    return written


def _numbers(run: Sequence[str]) -> Iterator[str]:
    """The numbers of a run with no ordinal but its last word."""
    words = [*(_ORDINALS.get(word, word) for word in run), "", ""]
    start = 0
    while start < len(run):
        text, start = _number(run, words, start)
        yield text


def _number(run: Sequence[str], words: Sequence[str], start: int) -> tuple[str, int]:
    """The longest number that starts at `start`, in digits, and where it ends; else the word itself.

    Args:
        run: The words as written.
        words: The same with the cardinal for an ordinal, and two empty words at the end.
        start: Where to read.
    """
    year, end = _year(words, start)
    value = Fraction(year)
    if end == start:
        value, end = _cardinal(words, start)
        if end > start and words[end] == "point":
            return _decimal(words, start, value, end)
    if end == start or (end == start + 1 and run[start][0].isdigit()):
        return run[start], start + 1
    text = str(value) if value.denominator == 1 else str(float(value))
    return (f"{text}{_suffix(int(value))}" if run[end - 1] in _ORDINALS else text), end


def _year(words: Sequence[str], start: int) -> tuple[int, int]:
    century = _BELOW_TWENTY.get(words[start], _TENS_VALUE.get(words[start], 0))
    if not 13 <= century <= 20:
        return 0, start
    oh = words[start + 1] == "oh"
    rest, end = _below_hundred(words, start + 1 + oh)
    if end == start + 1 + oh or words[end] in ("hundred", *_SCALES):
        return 0, start
    # Thirteen, fourteen, fifteen ... is somebody counting.
    if (oh and rest > 9) or (not oh and (rest < 10 or (rest == century + 1 and rest < 20))):
        return 0, start
    return 100 * century + rest, end


def _cardinal(words: Sequence[str], start: int) -> tuple[Fraction, int]:
    total, end, limit = Fraction(0), start, 10**15
    while True:
        begin = end + (end > start and words[end] == "and")
        value, stop = _below_thousand(words, begin)
        if stop == begin:
            return total, end
        scale = _SCALES.get(words[stop])
        if scale is None:
            literal = words[stop - 1][0].isdigit()
            if end == start or (value < limit and not literal):
                total, end = total + value, stop
            return total, end
        if scale >= limit:
            return total, end
        total, end, limit = total + value * scale, stop + 1, scale


def _below_thousand(words: Sequence[str], start: int) -> tuple[Fraction, int]:
    if words[start] in ("a", "an"):
        value, end = Fraction(1), start + 1
    elif words[start][:1].isdigit():
        value, end = Fraction(words[start]), start + 1
    else:
        small, end = _below_hundred(words, start)
        value = Fraction(small)
    if end == start or words[end] != "hundred":
        return value, end
    value, end = 100 * value, end + 1
    begin = end + (words[end] == "and")
    rest, stop = _below_hundred(words, begin)
    if stop > begin and rest and words[stop] != "hundred":
        return value + rest, stop
    return value, end


def _below_hundred(words: Sequence[str], start: int) -> tuple[int, int]:
    if words[start] in _BELOW_TWENTY:
        return _BELOW_TWENTY[words[start]], start + 1
    if words[start] not in _TENS_VALUE:
        return 0, start
    tens = _TENS_VALUE[words[start]]
    unit = _BELOW_TWENTY.get(words[start + 1], 0)
    return (tens + unit, start + 2) if 1 <= unit <= 9 else (tens, start + 1)


def _decimal(words: Sequence[str], start: int, whole: Fraction, point: int) -> tuple[str, int]:
    places, end = "", point + 1
    while words[end]:
        if words[end].isdigit():
            places, end = places + words[end], end + 1
            continue
        value, stop = (0, end + 1) if words[end] == "oh" else _below_hundred(words, end)
        if stop == end:
            break
        places, end = f"{places}{value}", stop
    if not places or whole.denominator != 1:
        return str(whole) if whole.denominator == 1 else words[start], point
    scale = _SCALES.get(words[end])
    if scale is None or len(places) > _MAX_PLACES:
        return f"{whole}.{places}", end
    scaled = Fraction(f"{whole}.{places}") * scale
    return (str(scaled) if scaled.denominator == 1 else str(float(scaled))), end + 1


def _suffix(value: int) -> str:
    if 10 <= value % 100 < 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
