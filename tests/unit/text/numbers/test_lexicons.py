"""Lexicons read back what num2words writes, and the forms that it leaves out."""

from __future__ import annotations

import random

import pytest

from avmeter.text.numbers.additive import words_in_digits
from avmeter.text.numbers.lexicons import additive_languages, lexicon_of
from avmeter.text.signs import without_optional_signs
from support import require

# Of large numbers num2words writes forms that nobody does in Danish and Turkish, and other words in Norwegian.
LARGEST = {"da": 10**5, "tr": 10**5, "no": 10**9, "it": 10**6, "sv": 10**6, "fi": 10**6, "hu": 10**6}


@pytest.mark.parametrize("code", additive_languages())
def test_words_of_the_library_are_read_back(code: str) -> None:
    """What num2words writes for a number is that number."""
    num2words = require.package("num2words").num2words
    draw = random.Random(1)
    numbers = [*range(2, 2500), *(draw.randrange(2, LARGEST.get(code, 10**10)) for _ in range(300))]
    if code in ("da", "tr"):
        numbers = numbers[:2498]
    lexicon = lexicon_of(code)
    words = {n: without_optional_signs(num2words(n, lang=code).lower(), code) for n in numbers}
    assert {n: w for n, w in words.items() if words_in_digits(w, lexicon) != str(n)} == {}


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("es", "veintitres veintiún doscientas una", "23 21 201"),
        ("fr", "septante-cinq vingt-et-une quatre-vingts", "75 21 80"),
        ("it", "ventun trentatré centottanta centomila", "21 33 180 100000"),
        ("pt", "dezasseis dezesseis duas mil trezentas", "16 16 2300"),
        ("de", "dreissig hunderteins tausendundeins zwohundert", "30 101 1001 200"),
        ("de", "am dritten mai im einundzwanzigsten jahrhundert", "am 3 mai im 21 jahrhundert"),
        ("nl", "negentienhonderdvierentachtig", "1984"),
        ("tr", "bin dokuz yüz seksen dört", "1984"),
        ("vi", "hai nghìn không trăm linh năm", "2005"),
        # Digits with letters behind them are no numbers.
        ("fr", "le 1er mai", "le 1er mai"),
        # One is an article.
        ("de", "eine katze ein hund eins", "eine katze ein hund ein"),
        ("es", "una casa uno 1", "una casa un un"),
    ],
)
def test_forms_that_the_library_leaves_out(code: str, words: str, expected: str) -> None:
    """Genders, spellings of other countries and without accents, years and ordinals."""
    require.package("num2words")
    assert words_in_digits(words, lexicon_of(code)) == expected
