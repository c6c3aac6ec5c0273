"""Signs that writers leave out do not count; signs that are part of a word do."""

from __future__ import annotations

import pytest

from support.writings import rate


@pytest.mark.parametrize(
    ("language", "full", "plain"),
    [
        pytest.param("ar", "مُحَمَّدٌ", "محمد", id="harakat"),
        pytest.param("ar", "مـــحمد", "محمد", id="tatweel"),
        pytest.param("ar", "ﻣﺤﻤﺪ", "محمد", id="presentation-forms"),
        pytest.param("ar", "م\ufe76حمد", "محمد", id="isolated-mark"),
        pytest.param("ar", "أحمد إلى آخر", "احمد الي اخر", id="alef-and-yeh"),
        pytest.param("ar", "رَحْمٰن", "رحمن", id="superscript-alef"),
        pytest.param("fa", "علي كتاب", "علی کتاب", id="persian-yeh-and-kaf"),
        pytest.param(None, "مُحَمَّدٌ", "محمد", id="harakat-without-hint"),
        pytest.param("he", "שָׁלוֹם", "שלום", id="niqqud"),
        pytest.param("he", "בְּרֵאשִׁ֖ית", "בראשית", id="cantillation"),
        pytest.param("he", "שׁלום", "שלום", id="hebrew-presentation-forms"),
        pytest.param("he", "צה״ל", 'צה"ל', id="gershayim"),
        pytest.param("ru", "за́мок всё", "замок все", id="stress-and-yo"),
        pytest.param("uk", "за́мок", "замок", id="ukrainian-stress"),
        pytest.param("la", "puellā rosăm", "puella rosam", id="latin-length"),
        pytest.param("el", "ἄνθρωπος τῆς", "άνθρωπος τής", id="polytonic-greek"),
        pytest.param("ja", "ｶﾞｷﾞ", "ガギ", id="half-width-with-voiced-mark"),
        pytest.param("ja", "葛\U000e0100", "葛", id="ideographic-variation"),
        pytest.param("ko", "\u1112\u1161\u11ab", "한", id="conjoining-jamo"),
        pytest.param("hi", "\u0958लम", "\u0915\u093cलम", id="nukta-in-two-encodings"),
        pytest.param("th", "น้ำ", "น\u0e49\u0e4d\u0e32", id="sara-am-in-two-encodings"),
        pytest.param("en", "I \u2764\ufe0f you", "I you", id="variation-selector"),
    ],
)
def test_optional_sign_is_no_error(language: str | None, full: str, plain: str) -> None:
    """Written with its signs and without, a word is one word."""
    assert rate(full, plain, language=language) == 0.0


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        pytest.param("hi", "कि", "की", id="devanagari-vowel"),
        pytest.param("hi", "सड़क", "सडक", id="nukta"),
        pytest.param("hi", "कल", "क्ल", id="virama"),
        pytest.param("th", "กี", "กิ", id="thai-vowel"),
        pytest.param("th", "ก้", "ก", id="thai-tone"),
        pytest.param("ta", "கா", "க", id="tamil-vowel"),
        pytest.param("ar", "مدرسة", "مدرسه", id="teh-marbuta"),
        pytest.param("ug", "ئى", "ئي", id="uyghur-vowel"),
        pytest.param("yi", "אַלט", "אָלט", id="yiddish-points"),
        pytest.param("ru", "мой", "мои", id="short-i"),
        pytest.param("be", "ён", "ен", id="belarusian-yo"),
        pytest.param("mi", "kākā", "kaka", id="maori-macron"),
        pytest.param("fr", "été", "ete", id="french-accents"),
        pytest.param("vi", "ma", "má", id="vietnamese-tone"),
        pytest.param("de", "schon", "schön", id="umlaut"),
    ],
)
def test_sign_of_a_word_stays(language: str, one: str, other: str) -> None:
    """What makes another word is an error."""
    assert rate(one, other, language=language) == 1.0
