"""Arabic: number words of either gender and case, units before tens.

    خمسة وعشرون, خمس وعشرين, ٢٥               25
    ألفان وأربعة وعشرون                       2024
    ألف وتسعمئة وأربعة وثمانون, تسع مائة ...    1984

Words must have been freed of optional signs: no harakat, one alef, one yeh (see `signs`). A bare 1 is واحد.

Source: rules of our own, after the numerals of Modern Standard Arabic in Wright's grammar, part I, 318-327.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

_STEMS = dict(enumerate(["ثلاث", "اربع", "خمس", "ست", "سبع", "ثمان", "تسع"], start=3))
_UNITS = {
    **dict.fromkeys(["واحد", "واحدة", "احد", "احدي"], 1),
    **dict.fromkeys(["اثنان", "اثنين", "اثنتان", "اثنتين", "اثنا", "اثني", "اثنتا", "اثنتي"], 2),
    **{f"{stem}{ending}": value for value, stem in _STEMS.items() for ending in ("", "ة")},
    "ثماني": 8,
    "ثمانية": 8,
}  # fmt: skip
_ONLY_IN_TEENS = frozenset(["احد", "احدي", "اثنا", "اثني", "اثنتا", "اثنتي"])
_TEN = {"عشر": 10, "عشرة": 10}
_TENS = {f"{stem}{case}": 10 * value for value, stem in {2: "عشر", **_STEMS}.items() for case in ("ون", "ين")}
_HUNDRED = ["مئة", "مائة", "مية", "ميه", "مئه", "مائه", "مئات"]
_HUNDREDS = {
    **dict.fromkeys(_HUNDRED[:-1], 100),
    **dict.fromkeys(["مئتان", "مئتين", "مائتان", "مائتين", "مئتا", "مئتي", "مائتا", "مائتي"], 200),
    **{f"{stem}{hundred}": 100 * value for value, stem in _STEMS.items() for hundred in _HUNDRED},
    **{f"ثماني{hundred}": 800 for hundred in _HUNDRED},
}  # fmt: skip
_SCALES = {
    **dict.fromkeys(["الف", "الاف", "الفا"], 10**3),
    **dict.fromkeys(["مليون", "ملايين", "مليونا"], 10**6),
    **dict.fromkeys(["مليار", "مليارات", "مليارا", "بليون"], 10**9),
}
_DUALS = {
    **dict.fromkeys(["الفان", "الفين", "الفي"], 2 * 10**3),
    **dict.fromkeys(["مليونان", "مليونين"], 2 * 10**6),
    **dict.fromkeys(["ملياران", "مليارين"], 2 * 10**9),
}
_AND = "و"
_ONE = "واحد"
_MAX_LITERAL = 15
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
# Hours are ordinals: the first eleven and twelve, which begin as other ones do.
_HOURS = dict(
    zip(
        ["الحادية عشرة", "الثانية عشرة", "الواحدة", "الثانية", "الثالثة", "الرابعة", "الخامسة", "السادسة", "السابعة"],
        [11, 12, 1, 2, 3, 4, 5, 6, 7],
        strict=True,
    )
) | {"الثامنة": 8, "التاسعة": 9, "العاشرة": 10}
_HOUR = re.compile(rf"الساعة\s+({'|'.join(_HOURS)})(?!\w)")
_PERCENT = re.compile(r"(?:بالمئة|بالمائة|بالمية|في المائة)(?!\w)")

_Kind = Literal["unit", "ten", "tens", "hundreds", "scale", "dual", "literal"]
_KINDS: tuple[tuple[_Kind, dict[str, int]], ...] = (
    ("unit", _UNITS),
    ("ten", _TEN),
    ("tens", _TENS),
    ("hundreds", _HUNDREDS),
    ("scale", _SCALES),
    ("dual", _DUALS),
)


@dataclass(frozen=True, kw_only=True)
class _Item:
    """A number word.

    Attributes:
        is_added: "and" stands before it.
        end: Position behind its last word.
    """

    kind: _Kind
    value: int
    word: str
    is_added: bool
    end: int


def arabic_in_digits(text: str) -> str:
    """Numbers of an Arabic text without optional signs in digits; everything else unchanged."""
    text = _HOUR.sub(lambda match: f"الساعة {_HOURS[match[1]]}", text)
    text = _PERCENT.sub("في المئة", text.replace("%", " في المئة "))
    text = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text)
    matches = list(_WORD.finditer(text))
    words = [match[0] for match in matches]
    joined = [text[a.end() : b.start()].isspace() for a, b in pairwise(matches)]
    joined.append(False)
    written, start, end_of_text = [], 0, 0
    while start < len(words):
        number, end = _read(words, joined, start)
        written += [text[end_of_text : matches[start].start()], number]
        end_of_text = matches[end - 1].end()
        start = end
    return "".join([*written, text[end_of_text:]])


def _read(words: Sequence[str], joined: Sequence[bool], start: int) -> tuple[str, int]:
    """The number at `start` in digits, or the word there, and where it ends.

    Args:
        words: Of the text, in order.
        joined: Whether nothing but a space is behind each of them.
        start: Where to read.
    """
    item = _item(words, joined, start)
    total = _Sum()
    taken: list[_Item] = []
    while item is not None and total.take(item, is_first=not taken):
        taken.append(item)
        item = _item(words, joined, item.end) if joined[item.end - 1] else None
    if not taken or total.value is None or (len(taken) == 1 and taken[0].kind == "literal" and words[start] != "1"):
        return words[start], start + 1
    conjunction = f"{_AND} " if taken[0].is_added else ""
    if total.value == 1:
        return f"{conjunction}{_ONE if taken[0].word in ('1', _ONE) else taken[0].word}", taken[-1].end
    return f"{conjunction}{total.value}", taken[-1].end


def _item(words: Sequence[str], joined: Sequence[bool], start: int) -> _Item | None:
    word = words[start]
    if word[0].isdigit():
        if "." in word or len(word) > _MAX_LITERAL:
            return None
        return _Item(kind="literal", value=int(word), word=word, is_added=False, end=start + 1)
    is_apart = word == _AND and joined[start] and not words[start + 1][0].isdigit()
    for is_added, core in ((False, word), (True, words[start + 1] if is_apart else word.removeprefix(_AND))):
        for kind, values in _KINDS:
            if core in values and (not is_added or core != word):
                return _Item(
                    kind=kind, value=values[core], word=core, is_added=is_added, end=start + 1 + (is_added and is_apart)
                )
    return None


class _Sum:
    """Adds number words up, as long as they make one number."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._total = 0
        self._below_scale = 0
        self._limit = 10**12
        self._last: _Item | None = None

    @property
    def value(self) -> int | None:
        """The number so far; None where a word that only begins eleven and twelve stands alone."""
        alone = self._last is not None and self._last.word in _ONLY_IN_TEENS
        return None if alone else self._total + self._below_scale

    def take(self, item: _Item, *, is_first: bool) -> bool:
        """Add a word; return whether it belongs to the number."""
        if self._multiplies(item):
            self._last = item
            return True
        is_free = is_first or item.is_added
        below = self._below_scale
        fits = {
            "unit": below % 100 == 0,
            "ten": below % 100 == 0,
            "tens": below % 100 < 10,
            "hundreds": below == 0,
            "scale": below == 0 and item.value < self._limit,
            "dual": below == 0 and item.value < self._limit,
            "literal": is_first,
        }
        if not is_free or not fits[item.kind]:
            return False
        if item.kind in ("scale", "dual"):
            self._total += item.value
            self._limit = item.value // (2 if item.kind == "dual" else 1)
        else:
            self._below_scale += item.value
        self._last = item
        return True

    def _multiplies(self, item: _Item) -> bool:
        """Take a word that stands behind a unit or an amount without "and": teens, hundreds, scales."""
        last, below = self._last, self._below_scale
        if item.is_added or last is None or last.kind in ("scale", "dual"):
            return False
        if item.kind == "ten" and last.kind == "unit":
            self._below_scale += 10
        elif item.kind == "hundreds" and item.value == 100 and last.kind == "unit" and below == last.value > 2:
            self._below_scale = 100 * below
        elif item.kind == "scale" and item.value < self._limit and last.word not in _ONLY_IN_TEENS:
            self._total += below * item.value
            self._below_scale, self._limit = 0, item.value
        else:
            return False
        return True
