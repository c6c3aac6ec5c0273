"""Signs that writers and recognisers leave out, and letters that have two code points: one writing for all.

    script      goes                                              stays
    Arabic      harakat, Koranic marks, tatweel; alef with         hamza on waw and yeh, teh marbuta: they are
                hamza, madda or wasla is alef; alef maqsura        spelling, not habit
                and Persian yeh are yeh; Persian kaf is kaf,
                Urdu heh is heh
    Hebrew      niqqud, cantillation; gershayim in acronyms       points of Yiddish, which are part of its letters
    Syriac      vowel points                                      letters
    Cyrillic    stress marks; ё is е in Russian                   й, ў, Belarusian ё, Bulgarian ѝ
    Greek       breathings, iota subscript; one accent for all    the accent itself
    Latin       macron and breve of Latin                         those of Maori, Latvian ...; every other accent
    any         variation selectors, keycaps

Not touched: vowel signs, virama and nukta of Indic scripts, of Thai, Lao, Khmer and Burmese, Thaana,
tone marks. Uyghur and Kashmiri write vowels with letters and marks that are optional elsewhere: theirs stay.

Sources: the marks are those of The Unicode Standard, chapters 7 and 9. For Arabic, recognisers are scored without
diacritics and with one alef and one yeh in the MGB challenges and in the Open Universal Arabic ASR Leaderboard; those
also differ in teh marbuta and hamza, which stay here.
"""

from __future__ import annotations

import re
import unicodedata

_ISOLATED = re.compile("[\ufe70-\ufe7f\ufc5e-\ufc63\ufcf2-\ufcf4]")
_INVISIBLE = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u180b-\u180d\u180f\u20e3]")
_ARABIC = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0898-\u089f\u08ca-\u08ff]"
)
_TATWEEL = "\u0640"
_ARABIC_LETTERS = str.maketrans(
    "\u0623\u0625\u0622\u0671\u0672\u0673\u0649\u06cc\u06a9\u06aa\u06c1",
    "\u0627\u0627\u0627\u0627\u0627\u0627\u064a\u064a\u0643\u0643\u0647",
)
_ARABIC_IS_VOWELLED = frozenset(["ug", "ks"])
_HEBREW = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
_GERSHAYIM = re.compile('(?<=[\u05d0-\u05ea])[\u05f4"\u201d](?=[\u05d0-\u05ea])|\u05f3')
_SYRIAC = re.compile("[\u0730-\u074a]")
_STRESS = re.compile("(?<=[\u0400-\u04ff])[\u0300\u0301]")
_STRESSED_LETTERS = str.maketrans("\u0450\u045d", "\u0435\u0438")
_EAST_SLAVIC = frozenset(["ru", "uk", "be"])
_POLYTONIC = re.compile("[\u1f00-\u1fff]+")
_BREATHINGS = re.compile("[\u0313\u0314\u0345]")
_CIRCUMFLEX = re.compile("[\u0300\u0342]")
_LENGTH = re.compile("[\u0304\u0306]")


def without_isolated_marks(text: str) -> str:
    """Return a text without Arabic marks that stand for themselves, which NFKC would turn into spaces with marks."""
    return _ISOLATED.sub("", text)


def without_optional_signs(text: str, code: str) -> str:
    """Return a lower-case text in NFKC without the signs that are optional in its language.

    Args:
        text: In any script.
        code: Of the language, as `Language.code`.
    """
    text = _SYRIAC.sub("", _INVISIBLE.sub("", text)).replace(_TATWEEL, "")
    if code not in _ARABIC_IS_VOWELLED:
        text = _ARABIC.sub("", text).translate(_ARABIC_LETTERS)
    if code != "yi":
        text = _GERSHAYIM.sub("", _HEBREW.sub("", text))
    text = _POLYTONIC.sub(lambda match: _monotonic(match[0]), _STRESS.sub("", text))
    if code in _EAST_SLAVIC:
        text = text.translate(_STRESSED_LETTERS)
    if code == "ru":
        text = text.replace("ё", "е")
    if code == "la":
        text = unicodedata.normalize("NFC", _LENGTH.sub("", unicodedata.normalize("NFD", text)))
    # A mark that went may have kept a base and another mark apart.
    return unicodedata.normalize("NFKC", text)


def _monotonic(text: str) -> str:
    marks = _BREATHINGS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", _CIRCUMFLEX.sub("\u0301", marks))
