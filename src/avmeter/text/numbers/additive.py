"""Languages that say numbers as sums and products of words: a reader that turns such words into digits.

    number = amounts below a million, each with its scale (million, milliard ...), and one without
    amount = [small] thousand [joiner] [small], or small
    small  = words of a lexicon, [small] hundred [joiner] [small], a number in digits, or all of it in one word

What the words are is a matter of the lexicon; see `lexicons`, `russian` and `hindi`. A bare 1 becomes the word for it,
which is an article in most of these languages; numbers that stand side by side stay apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

_MARKS = "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0962\u0963"
_LITERAL = r"(?<![^\W\d_])\d+(?:\.\d+)?(?!\.?\d|[^\W\d_])"
_WORD = re.compile(rf"{_LITERAL}|[^\W\d_](?:[^\W\d_]|[{_MARKS}])*(?:'[^\W\d_]+)*")
_MAX_LITERAL = 18

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The number words of a language, lower case.

    Attributes:
        small: Words -> value, at least 0 to 99; up to 999 where hundreds have words of their own.
        hundred: Words that multiply what stands before them, up to 99, by 100; alone they are 100.
        thousand: Words that multiply what stands before them, up to 999, by 1000; alone they are 1000.
        scales: Words for a million and more -> value.
        bare_scales: Those that stand for one of theirs without "one".
        joiners: Words that may stand behind a hundred, a thousand or a scale.
        decimals: Words for the decimal mark.
        one: The word for a bare 1.
        ones: Words that are taken for it.
        adds: Whether hundreds, tens and units are words of their own, set side by side.
        hundred_stems: Hundreds inside words that are written together.
        thousand_stems: Thousands inside such words.
        inner_joiner: What may join the rest of such a word ("hundertundeins").
    """

    small: Mapping[Words, int]
    hundred: frozenset[str] = frozenset()
    thousand: frozenset[str]
    scales: Mapping[str, int]
    bare_scales: frozenset[str] = frozenset()
    joiners: frozenset[str] = frozenset()
    decimals: frozenset[str] = frozenset()
    one: str
    ones: frozenset[str]
    adds: bool = False
    hundred_stems: tuple[str, ...] = ()
    thousand_stems: tuple[str, ...] = ()
    inner_joiner: str = ""
    longest: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        """Measure the longest entry."""
        object.__setattr__(self, "longest", max(map(len, self.small)))


def words_in_digits(text: str, lexicon: Lexicon) -> str:
    """Numbers of a lower-case text in digits; everything else unchanged.

    Digits must be ungrouped, and "." their decimal point. Punctuation keeps numbers apart, a hyphen does not.
    """
    matches = list(_WORD.finditer(text))
    words = [match[0] for match in matches]
    gaps = [text[a.end() : b.start()] for a, b in pairwise(matches)]
    reader = _Reader(words=words, joined=[_joins(gap) for gap in gaps], lexicon=lexicon)
    written, start, end_of_text = [], 0, 0
    while start < len(words):
        number, end = reader.read(start)
        written += [text[end_of_text : matches[start].start()], number]
        end_of_text = matches[end - 1].end()
        start = end
    return "".join([*written, text[end_of_text:]])


def _joins(gap: str) -> bool:
    return gap == "-" or (gap != "" and gap.isspace())


class _Reader:
    """Reads the numbers of one text. Positions are of words; what is read is a value, and where it ends.

    A method that finds nothing at `start` returns `start` as the end.
    """

    def __init__(self, *, words: Sequence[str], joined: Sequence[bool], lexicon: Lexicon) -> None:
        """Prepare to read.

        Args:
            words: Of the text, in order.
            joined: Whether nothing but a space or a hyphen is between a word and the next; one fewer than words.
            lexicon: Of the language.
        """
        self._words = words
        self._joined = joined
        self._lexicon = lexicon

    def read(self, start: int) -> tuple[str, int]:
        """Return the number at `start` in digits, or the word there, and where it ends."""
        word = self._words[start]
        value, end = self._number(start)
        if end > start and self._at(end) in self._lexicon.decimals and value == int(value):
            places, stop = self._places(end + 1)
            if places:
                return f"{int(value)}.{places}", stop
        if end == start or (end == start + 1 and word[0].isdigit() and word != "1"):
            return word, start + 1
        if value == 1 and end == start + 1:
            return (self._lexicon.one if word == "1" or word in self._lexicon.ones else word), end
        return f"{value.normalize():f}", end

    def _at(self, position: int) -> str:
        """Return a word that is joined to the one before it; nothing where none is."""
        if position >= len(self._words) or (position and not self._joined[position - 1]):
            return ""
        return self._words[position]

    def _behind_joiner(self, position: int) -> int:
        return position + (self._at(position) in self._lexicon.joiners)

    def _number(self, start: int) -> tuple[Decimal, int]:
        total, end, limit = Decimal(0), start, 10**18
        while True:
            begin = self._behind_joiner(end) if end > start else start
            if end > start and not self._at(begin):
                return total, end
            value, stop = self._amount(begin)
            if stop == begin and self._words[begin] in self._lexicon.bare_scales:
                value = Decimal(1)
            scale = self._lexicon.scales.get(self._at(stop))
            if (value == 0 and stop == begin) or (scale is not None and scale >= limit):
                return total, end
            if scale is None:
                is_literal = self._words[begin][0].isdigit()
                return (total, end) if is_literal and end > start else (total + value, stop)
            total, end, limit = total + value * scale, stop + 1, scale

    def _amount(self, start: int) -> tuple[Decimal, int]:
        value, end = self._small(start)
        if end == start and self._words[start] in self._lexicon.thousand:
            value, end = Decimal(1000), start + 1
        elif end > start and value < 1000 and self._at(end) in self._lexicon.thousand:
            value, end = value * 1000, end + 1
        elif value < 1000 or value % 1000 != 0 or self._words[start][0].isdigit():
            return value, end
        rest, behind = self._rest(end, limit=1000)
        return value + rest, behind

    def _rest(self, start: int, *, limit: int) -> tuple[Decimal, int]:
        """Return what is added to a hundred or a thousand: 0, ending at `start`, where nothing is."""
        begin = self._behind_joiner(start)
        if not self._at(begin) or self._words[begin][0].isdigit():
            return Decimal(0), start
        value, end = self._small(begin) if limit == 1000 else self._listed(begin)
        follower = self._at(end)
        goes_on = follower in self._lexicon.thousand if limit == 1000 else follower in self._lexicon.hundred
        return (Decimal(0), start) if end == begin or value >= limit or value == 0 or goes_on else (value, end)

    def _small(self, start: int) -> tuple[Decimal, int]:
        value, end = self._listed(start)
        if end == start and self._words[start] in self._lexicon.hundred:
            value, stop = Decimal(1), start + 1
        elif end > start and 0 < value < 100 and self._at(end) in self._lexicon.hundred:
            stop = end + 1
        else:
            return value, end
        rest, behind = self._rest(stop, limit=100)
        return value * 100 + rest, behind

    def _listed(self, start: int) -> tuple[Decimal, int]:
        word = self._words[start]
        if word[0].isdigit():
            return (Decimal(word), start + 1) if len(word) <= _MAX_LITERAL else (Decimal(0), start)
        value, end = self._longest(start)
        if end == start:
            compound = _compound(word, self._lexicon)
            return (Decimal(compound), start + 1) if compound is not None else (Decimal(0), start)
        while self._lexicon.adds and value and value % 10 == 0 and self._at(end):
            rest, stop = self._longest(end)
            room = 100 if value % 100 == 0 else 10
            if stop == end or not 0 < rest < room:
                break
            value, end = value + rest, stop
        return Decimal(value), end

    def _longest(self, start: int) -> tuple[int, int]:
        end = start + 1
        while end - start < self._lexicon.longest and self._at(end):
            end += 1
        for stop in range(end, start, -1):
            value = self._lexicon.small.get(tuple(self._words[start:stop]))
            if value is not None:
                return value, stop
        return 0, start

    def _places(self, start: int) -> tuple[str, int]:
        """Return the digits behind a decimal mark: digits said one by one, or one number."""
        places, end = "", start
        while self._at(end) and len(places) < _MAX_LITERAL:
            value, stop = self._listed(end)
            if stop == end or value != int(value) or (places and value > 9):
                break
            places, end = places + str(int(value)), stop
            if value > 9:
                break
        return places, end


def _compound(word: str, lexicon: Lexicon) -> int | None:
    """The value of a number written in one word, by its thousands and hundreds; None for other words."""
    for stems, size in ((lexicon.thousand_stems, 1000), (lexicon.hundred_stems, 100)):
        for stem in stems:
            # The first one: a head has none, or the word is no number.
            head, found, tail = word.partition(stem)
            if not found:
                continue
            factor = 1 if not head else _part(head, lexicon)
            rest = 0 if not tail else _part(tail.removeprefix(lexicon.inner_joiner), lexicon)
            if factor is not None and rest is not None and 0 < factor < 1000 and rest < size:
                return factor * size + rest
    return None


def _part(word: str, lexicon: Lexicon) -> int | None:
    value = lexicon.small.get((word,))
    return value if value is not None else _compound(word, lexicon)
