"""One reading, two spellings: words and digits of a number are the same text, in every language with rules."""

from __future__ import annotations

import pytest

from avmeter.text.language import parse_language
from avmeter.text.normalise import normalise
from avmeter.text.numbers import lexicons
from avmeter.text.numbers.rules import languages_with_rules, number_caveats, number_rules
from support import require
from support.growth import grows_in_line
from support.writings import rate

ONE_READING = [
    ("zh", "二零二四年", "2024年"), ("zh", "三十五", "35"), ("zh", "两千零二十四年", "2024年"),
    ("zh", "百分之五十", "50%"), ("zh", "三点一四", "3.14"), ("zh", "一万两千", "12,000"), ("zh", "一个", "1个"),
    ("yue", "兩千零二十四年", "2024年"), ("ja", "二千二十四年", "2024年"), ("ja", "三十五", "35"),
    ("ja", "千円", "1,000円"), ("ja", "ひとつ", "1つ"), ("ko", "이천이십사년", "2024년"), ("ko", "서른다섯", "35"),
    ("ko", "세 시", "3시"), ("ko", "스물다섯 살", "25살"), ("de", "fünfunddreißig", "35"),
    ("de", "neunzehnhundertvierundachtzig", "1984"), ("de", "zwei Millionen", "2.000.000"),
    ("es", "treinta y cinco", "35"), ("es", "mil novecientos ochenta y cuatro", "1984"),
    ("es", "un perro", "1 perro"), ("fr", "quatre-vingt-dix-neuf", "99"),
    ("fr", "dix-neuf cent quatre-vingt-quatre", "1984"), ("fr", "un", "1"), ("it", "trentacinque", "35"),
    ("it", "duemilaventiquattro", "2024"), ("it", "tre virgola cinque", "3,5"), ("pt", "trinta e cinco", "35"),
    ("pt", "dois mil e vinte e quatro", "2024"), ("pt-BR", "dezesseis", "16"), ("ru", "тридцать пять", "35"),
    ("ru", "в две тысячи двадцать четвёртом году", "в 2024 году"), ("hi", "पैंतीस", "३५"),
    ("hi", "दो हज़ार चौबीस", "2024"), ("hi", "उन्नीस सौ चौरासी", "1984"), ("ar", "خمسة وثلاثون", "٣٥"),
    ("ar", "خَمْسٍ وَثَلاثينَ", "35"), ("ar", "ألفان وأربعة وعشرون", "2024"), ("th", "สามสิบห้า", "๓๕"),
    ("fa", "سی و پنج", "۳۵"), ("nl", "vijfendertig", "35"), ("sv", "trettiofem", "35"),
    ("da", "femogtredive", "35"), ("nb", "trettifem", "35"), ("pl", "trzydzieści pięć", "35"),
    ("cs", "třicet pět", "35"), ("uk", "тридцять п'ять", "35"), ("tr", "otuz beş", "35"),
    ("id", "tiga puluh lima", "35"), ("vi", "hai nghìn không trăm hai mươi bốn", "2024"),
    ("en", "thirty-five", "35"),
    ("fi", "kolmekymmentäviisi", "35"), ("hu", "kétezer-huszonnégy", "2024"), ("ca", "trenta-cinc", "35"),
    ("zh", "五点半", "5:30"), ("ja", "五時三十分", "5:30"), ("ko", "다섯 시 삼십 분", "5:30"),
    ("fr", "deux cent mille", "200 000"),
    ("ar", "الساعة الثالثة", "الساعة 3"), ("ru", "три целых пять десятых", "3,5"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "words", "digits"), ONE_READING)
def test_words_and_digits_are_one_text(language: str, words: str, digits: str) -> None:
    """Whichever of the two texts has the digits, the rate is 0."""
    require.package("num2words")
    assert rate(words, digits, language=language) == 0.0
    assert rate(digits, words, language=language) == 0.0


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("zh", "三十五", "53"), ("ja", "三十五", "36"), ("ko", "서른다섯", "36"), ("de", "fünfunddreißig", "53"),
     ("es", "treinta y cinco", "36"), ("ru", "тридцать пять", "36"), ("hi", "पैंतीस", "36"), ("ar", "خمسة وثلاثون", "53"),
     ("th", "สามสิบห้า", "36")],
)  # fmt: skip
def test_another_number_stays_wrong(language: str, one: str, other: str) -> None:
    """Rules of numbers forgive spellings, not numbers."""
    require.package("num2words")
    assert (rate(one, other, language=language) or 0.0) > 0.0


def test_languages_with_rules_have_them() -> None:
    """Every language that is listed has rules; one that is not has none."""
    require.package("num2words")
    for code in languages_with_rules():
        language = parse_language(code)
        assert language is not None
        assert number_rules(language) is not None
    swahili = parse_language("sw")
    assert swahili is not None
    assert number_rules(swahili) is None


@pytest.mark.parametrize(("text", "said"), [("nina vitabu 50", True), ("nina vitabu", False)])
def test_language_without_rules_is_named_where_there_are_digits(text: str, said: bool) -> None:
    """A caveat says that numbers were left alone, where a text has some in digits."""
    swahili, english = parse_language("sw"), parse_language("en")
    assert swahili is not None
    assert english is not None
    assert ("numbers of Swahili are left as written" in "".join(number_caveats(swahili, [text, "x"]))) is said
    assert number_caveats(english, [text]) == ()


def test_absent_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where num2words is not installed, numbers of German stay, and the caveat says what to install."""
    monkeypatch.setattr(lexicons, "is_installed", lambda: False)
    german = parse_language("de")
    assert german is not None
    assert number_rules(german) is None
    assert "avmeter[speech]" in number_caveats(german, ["50"])[0]


@pytest.mark.parametrize("language", ["en", "zh", "ko", "fr", "ar"])
@pytest.mark.parametrize(
    "text", ["1 " * 50_000, "one hundred " * 20_000, "1" * 50_000, "مئة " * 20_000, "一百" * 20_000]
)
def test_long_texts_take_linear_time(language: str, text: str) -> None:
    """Fifty thousand numbers are a matter of a second or two, not of minutes."""
    assert grows_in_line(lambda part: normalise(part, "magihuman", parse_language(language)), text)
