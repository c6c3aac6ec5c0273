"""Thai: numbers in digits as words (ยี่สิบห้า, 25 and ๒๕), the writing that needs no rule for where words end.

Source: rules of our own; held to num2words by a test.
"""

from __future__ import annotations

import re

_DIGITS = ("ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า")
_PLACES = ("", "สิบ", "ร้อย", "พัน", "หมื่น", "แสน")
_MILLION = "ล้าน"
_POINT = "จุด"
_MAX_DIGITS = 18
_NUMBER = re.compile(r"(?<![\d.a-z])(\d+)(?:\.(\d+)(?!\.?\d))?(?![\da-z])")


def thai_in_words(text: str) -> str:
    """Numbers of a lower-case Thai text in words; everything else unchanged."""
    return _NUMBER.sub(_read, text.replace("%", "เปอร์เซ็นต์"))


def _read(match: re.Match[str]) -> str:
    whole, places = match[1], match[2]
    if len(whole) > _MAX_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        read = _spelled(whole)
    else:
        read = _amount(int(whole))
    return f"{read}{_POINT}{_spelled(places)}" if places else read


def _spelled(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _amount(number: int) -> str:
    if number < 10:
        return _DIGITS[number]
    millions, rest = divmod(number, 10**6)
    head = f"{_amount(millions)}{_MILLION}" if millions else ""
    digits = str(rest).zfill(6)
    words = ""
    for place, digit in enumerate(map(int, digits)):
        name = _PLACES[5 - place]
        if digit == 0:
            continue
        if name == "" and digit == 1 and (words or head):
            words += "เอ็ด"
        elif name == "สิบ" and digit <= 2:
            words += ("ยี่" if digit == 2 else "") + name
        else:
            words += _DIGITS[digit] + name
    return head + words
