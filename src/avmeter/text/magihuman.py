"""The default normaliser: what two writings of the same speech may differ in is taken out, and nothing else.

FastVideo's `wer/metric.py` (after MagiHuman) with its faults removed. As there: NFKC, lower case, no punctuation;
contractions, spelling and diacritics of Latin letters stay. Otherwise:

    text                          FastVideo               here
    It’s / It's                   it’s / its              its           every apostrophe vanishes
    state-of-the-art              stateoftheart           state of the art    hyphens, dashes and slashes are spaces
    hello,world                   helloworld              hello world   so is any punctuation but the apostrophe
    U.S.A., e.g.                  usa, eg                 usa, eg       dots of abbreviations vanish
    1,000 / 3.5                   1000 / 35               1000 / 3.5    decimal points stay, grouping goes
    200 000 (French, Russian ...) differ                  200000        spaces group where that is the rule
    “quoted” … ♪ 、               only listed ones go     all go        every punctuation mark and symbol of Unicode
    rock & roll, 50%              rock roll, 50           rock and roll, 50 percent     spoken, by language
    fifty / 50                    fifty / 50              50 / 50       by language, see `numbers`; option `numbers`
    ٥٠ / 50                       differ                  50 / 50       digits of every script
    soft hyphens, bidi marks      stay                    vanish
    مُحَمَّد / محمد                  differ                  محمد          optional signs, see `signs`

Known costs: "e-mail" and "email" differ, "re-enter" and "reenter" differ, and so do "it's" and "it is".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from avmeter.text.language import Language, language_of_script, parse_language
from avmeter.text.numbers.rules import number_rules
from avmeter.text.signs import without_isolated_marks, without_optional_signs

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘‛ʼʹ′`´＇ꞌ"), "'")
_ARABIC_SEPARATORS = str.maketrans("\u066b\u066c", ".,")
_GROUPING_SPACES = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3}(?!\\d))")
_DECIMAL = "\ue000"  # private use: no text that has come this far holds one
_ABBREVIATION = re.compile(r"\b[^\W\d_]{1,2}\.(?:[^\W\d_]\.)*[^\W\d_]\b")
_COMMA_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)")
_SPACE_GROUPS = re.compile(r"(?<![\d.,])(?<![\d.,] )[1-9]\d{0,2}(?: \d{3})+(?! ?\d)")
_DOT_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?!\d)")
_POINT = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?!\.?\d)")
_COMMA_POINT = re.compile(r"(?<![\d,])(\d+),(\d+)(?!,?\d)")

_DECIMAL_COMMA_CODES = (
    "af az be bg bs ca cs da de el es et eu fi fo fr gl hr hu hy id is it ka kk ky lb lt lv mk mn nb nl nn no pl pt ro "
    "ru sk sl sq sr sv tg tk tr tt uk uz vi"
)
_DECIMAL_COMMA = frozenset(_DECIMAL_COMMA_CODES.split())
_SPACED_GROUP_CODES = "be bg cs et fi fr hu lt lv nb nn no pl ru sk sv uk"
_GROUPS_WITH_SPACES = frozenset(_SPACED_GROUP_CODES.split())
_DOTLESS_I = frozenset(["tr", "az"])
_SPOKEN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"&": "and", "%": "percent", "+": "plus"},
        "de": {"&": "und", "%": "prozent", "+": "plus"},
        "fr": {"&": "et", "%": "pour cent", "+": "plus"},
        "es": {"&": "y", "%": "por ciento"},
        "it": {"&": "e", "%": "per cento"},
        "pt": {"&": "e", "%": "por cento"},
        "nl": {"&": "en", "%": "procent", "+": "plus"},
    }
)


def magihuman(text: str, language: Language | None, numbers: bool) -> str:
    """Lower-case words without punctuation, one space apart.

    Without a language, rules go by the script: those of English for Latin letters (see `language_of_script`).
    """
    language = language or language_of_script(text) or parse_language("en")
    assert language is not None, "English is a language"
    code = language.code
    text = _GROUPING_SPACES.sub("", text.translate(_APOSTROPHES).translate(_ARABIC_SEPARATORS))
    text = _lower(unicodedata.normalize("NFKC", without_isolated_marks(text)), code)
    text = without_optional_signs(text, code)
    text = "".join(map(_plain_character, text))
    text = _ungrouped(text, code)
    # Rules of English read "%" and "$" themselves.
    text = text if code == "en" else _spoken(text, code)
    rules = number_rules(language) if numbers else None
    text = rules(text) if rules is not None else text
    text = _spoken(text, code)
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", ""), text)
    text = _POINT.sub(rf"\1{_DECIMAL}\2", text)
    text = "".join(map(_unpunctuated, text)).replace(_DECIMAL, ".")
    return " ".join(text.split())


def _spoken(text: str, code: str) -> str:
    for symbol, word in _SPOKEN.get(code, {}).items():
        text = text.replace(symbol, f" {word} ")
    return text


def _lower(text: str, code: str) -> str:
    if code in _DOTLESS_I:
        text = text.replace("İ", "i").replace("I", "ı")
    # Lower case may undo NFKC (of "İ", for one).
    return unicodedata.normalize("NFKC", text.lower())


def _plain_character(char: str) -> str:
    """ASCII digits for those of any script; nothing for characters that are neither seen nor heard."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return "" if unicodedata.category(char)[0] == "C" and not char.isspace() else char


def _ungrouped(text: str, code: str) -> str:
    """Digits without marks between their thousands, and "." for the decimal mark."""
    if code in _GROUPS_WITH_SPACES:
        text = _SPACE_GROUPS.sub(lambda match: match[0].replace(" ", ""), text)
    if code not in _DECIMAL_COMMA:
        return _COMMA_GROUPS.sub(lambda match: match[0].replace(",", ""), text)
    text = _DOT_GROUPS.sub(lambda match: match[0].replace(".", ""), text)
    # What is left of points between digits are dates and times.
    text = re.sub(r"(?<=\d)\.(?=\d)", " ", text)
    return _COMMA_POINT.sub(r"\1.\2", text)


def _unpunctuated(char: str) -> str:
    if char == "'":
        return ""
    return " " if unicodedata.category(char)[0] in "PS" else char
