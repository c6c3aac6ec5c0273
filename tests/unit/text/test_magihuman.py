"""Pairs of writings of one speech, and of different speech, under the default normaliser.

The value is the word (or character) error rate of the second writing against the first. 0 where a listener could not
tell the two apart; the id says why otherwise.
"""

from __future__ import annotations

import pytest

from avmeter.text.normalise import normalise
from support.writings import rate


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        # Apostrophes, of every make, vanish.
        pytest.param("It’s ten o'clock", "It's ten o'clock", 0.0, id="curly-apostrophe"),
        pytest.param("It`s mine", "Its mine", 0.0, id="backtick-and-none"),
        pytest.param("the dogsʼ bowls", "the dogs' bowls", 0.0, id="modifier-apostrophe"),
        pytest.param("'Hello,' he said", "Hello, he said", 0.0, id="single-quotes"),
        pytest.param("“Hello” he said", "«Hello» he said", 0.0, id="quotes-of-two-countries"),
        # Hyphens and dashes are spaces.
        pytest.param("state-of-the-art audio", "state of the art audio", 0.0, id="hyphens"),
        pytest.param("well‑known fact", "well known fact", 0.0, id="non-breaking-hyphen"),
        pytest.param("yes—no", "yes no", 0.0, id="em-dash-without-spaces"),
        pytest.param("and/or", "and or", 0.0, id="slash"),
        pytest.param("snake_case", "snake case", 0.0, id="underscore"),
        pytest.param("e-mail me", "email me", 2 / 3, id="cost-hyphen-against-joined-word"),
        # Symbols that are spoken.
        pytest.param("rock & roll", "rock and roll", 0.0, id="ampersand"),
        pytest.param("Q&A", "Q and A", 0.0, id="ampersand-without-spaces"),
        pytest.param("AT&T", "AT & T", 0.0, id="ampersand-in-a-name"),
        pytest.param("50% off", "fifty percent off", 0.0, id="percent-sign"),
        pytest.param("fifty per cent", "50%", 0.0, id="per-cent-in-two-words"),
        pytest.param("2 + 2", "two plus two", 0.0, id="plus"),
        # Other punctuation is a space, wherever it stands.
        pytest.param("hello,world", "hello world", 0.0, id="comma-without-space"),
        pytest.param("Wait... what?!", "wait what", 0.0, id="dots-and-marks"),
        pytest.param("Wait… what", "wait what", 0.0, id="ellipsis-character"),
        pytest.param("¿Qué? ¡No!", "qué no", 0.0, id="inverted-marks"),
        pytest.param("♪ la la la ♪", "la la la", 0.0, id="music-notes"),
        pytest.param("great job 👍🏽", "great job", 0.0, id="emoji-with-skin-tone"),
        pytest.param("the U.S.A. today", "the USA today", 0.0, id="dotted-abbreviation"),
        pytest.param("at 5 p.m.", "at 5 pm", 0.0, id="dotted-time"),
        pytest.param("a Ph.D. thesis", "a PhD thesis", 0.0, id="abbreviation-of-two-and-one"),
        pytest.param("That is it.So we left", "that is it so we left", 0.0, id="full-stop-without-space"),
        # Unicode.
        pytest.param("Ｈｅｌｌｏ　ｗｏｒｌｄ", "hello world", 0.0, id="full-width"),
        pytest.param("café", "cafe\u0301", 0.0, id="composed-and-decomposed"),
        pytest.param("naïve", "naive", 1.0, id="diacritics-are-kept"),
        pytest.param("ﬁne", "fine", 0.0, id="ligature"),
        pytest.param("co\u00adoperate", "cooperate", 0.0, id="soft-hyphen"),
        pytest.param("\ufeffhello\u200b", "hello", 0.0, id="byte-order-mark-and-zero-width-space"),
        pytest.param("hello\u00a0there", "hello there", 0.0, id="no-break-space"),
        pytest.param("HELLO", "hello", 0.0, id="capitals"),
        # Numbers.
        pytest.param("The primary coil has fifty turns.", "The primary coil has 50 turns.", 0.0, id="fifty"),
        pytest.param("twenty-one", "21", 0.0, id="hyphenated-number"),
        pytest.param("one hundred and five", "105", 0.0, id="hundred-and"),
        pytest.param("a hundred miles", "100 miles", 0.0, id="a-hundred"),
        pytest.param("two thousand five hundred", "2,500", 0.0, id="grouped-thousands"),
        pytest.param("1,000,000", "one million", 0.0, id="million"),
        pytest.param("2.5 million", "two point five million", 0.0, id="decimal-million"),
        pytest.param("three point one four", "3.14", 0.0, id="decimal"),
        pytest.param("3.5", "35", 1.0, id="a-decimal-is-not-its-digits"),
        pytest.param("nineteen eighty-four", "1984", 0.0, id="year"),
        pytest.param("in twenty twenty-four", "in 2024", 0.0, id="year-of-this-century"),
        pytest.param("nineteen oh five", "1905", 0.0, id="year-with-oh"),
        pytest.param("nineteen hundred", "1900", 0.0, id="nineteen-hundred"),
        pytest.param("the twenty-first century", "the 21st century", 0.0, id="ordinal"),
        pytest.param("First of May", "1st of May", 0.0, id="first"),
        pytest.param("forty-second street", "42nd Street", 0.0, id="ordinal-of-second"),
        pytest.param("a twenty second clip", "a 20-second clip", 0.0, id="seconds-are-not-ordinals"),
        pytest.param("wait a second", "wait a second", 0.0, id="a-second"),
        pytest.param("one of them", "1 of them", 0.0, id="one"),
        pytest.param("no one knows", "nobody knows", 2 / 3, id="one-is-still-a-word"),
        pytest.param("fifty", "fifteen", 1.0, id="fifty-is-not-fifteen"),
        pytest.param("one hundred and two hundred", "100 and 200", 0.0, id="two-numbers-with-and"),
        pytest.param("ten, eleven, twelve", "10 11 12", 0.0, id="counting"),
        pytest.param("thirteen fourteen fifteen", "13, 14, 15", 0.0, id="counting-is-not-a-year"),
        pytest.param("five dollars and fifty cents", "$5.50", 0.0, id="dollars-and-cents"),
        pytest.param("one dollar", "$1", 0.0, id="one-dollar"),
        pytest.param("three million pounds", "£3 million", 0.0, id="currency-with-scale"),
        pytest.param("fifty kilometres", "50kilometres", 0.0, id="unit-without-space"),
        pytest.param("at ten thirty", "at 10:30", 0.0, id="time-of-day"),
        pytest.param("an MP3 file", "an MP 3 file", 0.0, id="letters-and-digits"),
        pytest.param("the cat sat", "the bat sat", 1 / 3, id="a-wrong-word-is-wrong"),
    ],
)
def test_default_normaliser_in_english(reference: str, hypothesis: str, expected: float) -> None:
    """Two writings of one speech are equal, two speeches are not."""
    assert rate(reference, hypothesis) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("language", "reference", "hypothesis", "expected"),
    [
        pytest.param("de", "Müller & Söhne", "Müller und Söhne", 0.0, id="ampersand-in-german"),
        pytest.param("de", "3,5 Prozent", "3,5%", 0.0, id="decimal-comma-and-percent"),
        pytest.param("de", "12.500 Euro", "12500 Euro", 0.0, id="dots-between-thousands"),
        pytest.param("sw", "hamsini", "50", 1.0, id="number-words-of-a-language-without-rules-stay"),
        pytest.param("fr", "il y a 12 500 euros", "il y a 12500 euros", 0.0, id="spaces-between-thousands"),
        pytest.param("fr", "12 34 567", "1234567", 1.0, id="spaces-between-other-numbers"),
        pytest.param("fr", "50 %", "cinquante pour cent", 0.0, id="percent-in-french"),
        pytest.param("de", "3,5 Prozent", "drei Komma fünf %", 0.0, id="decimal-comma-in-words"),
        pytest.param(None, "二零二四年", "2024年", 0.0, id="chinese-number-without-hint"),
        pytest.param("ar", "٣٫٥", "3.5", 0.0, id="arabic-decimal-mark"),
        pytest.param("fr", "12\u202f500 euros", "12500 euros", 0.0, id="narrow-space-between-thousands"),
        pytest.param("fr", "l’homme d’été", "l'homme d'été", 0.0, id="elision"),
        pytest.param("es", "¿Cuántos? ¡Seis!", "cuántos seis", 0.0, id="spanish-marks"),
        pytest.param("tr", "İSTANBUL IŞIK", "istanbul ışık", 0.0, id="dotted-and-dotless-i"),
        pytest.param("ar", "عندي ٥٠ كتابًا.", "عندي 50 كتابًا", 0.0, id="arabic-digits"),
        pytest.param("ar", "\u200fهل تسمعني؟\u200e", "هل تسمعني", 0.0, id="direction-marks"),
        pytest.param("hi", "नमस्ते, दुनिया।", "नमस्ते दुनिया", 0.0, id="danda"),
        pytest.param("he", "מה שלומך?", "מה שלומך", 0.0, id="hebrew"),
        pytest.param("zh", "你好，世界！", "你好世界", 0.0, id="chinese-punctuation"),
        pytest.param("zh", "今天天气很好", "今天天汽很好", 1 / 6, id="one-character-of-six"),
        pytest.param("zh", "我用 Python 写代码", "我用python写代码", 0.0, id="latin-word-in-chinese"),
        pytest.param("zh", "我用 Python 写", "我用 Java 写", 1 / 4, id="latin-word-is-one-token"),
        pytest.param("ja", "ﾃｽﾄです。", "テストです", 0.0, id="half-width-kana"),
        pytest.param("ko", "안녕 하세요", "안녕하세요", 0.0, id="korean-spacing"),
        pytest.param("th", "สวัสดี ครับ", "สวัสดีครับ", 0.0, id="thai-spacing"),
        pytest.param("zh-Latn", "nǐ hǎo", "nǐ háo", 1 / 2, id="pinyin-by-word"),
        pytest.param(None, "你好，世界！", "你好 世界", 0.0, id="chinese-without-hint"),
        pytest.param(None, "fifty turns", "50 turns", 0.0, id="english-without-hint"),
    ],
)
def test_default_normaliser_in_other_languages(
    language: str | None, reference: str, hypothesis: str, expected: float
) -> None:
    """Marks, digits and spacing of other scripts do not count as errors; words do."""
    assert rate(reference, hypothesis, language=language) == pytest.approx(expected)


def test_numbers_off_gives_the_raw_rate() -> None:
    """Without number normalising, "fifty" transcribed as "50" is one wrong word of six."""
    pair = ("The primary coil has fifty turns.", "The primary coil has 50 turns.")
    assert rate(*pair, numbers=False) == pytest.approx(1 / 6)
    assert rate(*pair, numbers=True) == 0.0


@pytest.mark.parametrize(
    ("text", "numbers", "expected"),
    [
        ("  It’s\tTEN  o'clock — don't wait! ", True, "its 10 oclock dont wait"),
        ("“3.5 & 1,000”…", False, "3.5 and 1000"),
        ("…", True, ""),
    ],
)
def test_default_normaliser_gives_words_one_space_apart(text: str, numbers: bool, expected: str) -> None:
    """The text that stands in the details of a result is clean: no margin, single spaces."""
    assert normalise(text, "magihuman", numbers=numbers) == expected
