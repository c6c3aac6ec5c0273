"""Which rules for numbers a language has, and what to say where it has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from avmeter.text.language import Language
from avmeter.text.numbers import lexicons
from avmeter.text.numbers.additive import words_in_digits
from avmeter.text.numbers.arabic import arabic_in_digits
from avmeter.text.numbers.english import spell_in_digits
from avmeter.text.numbers.han import chinese_in_digits, japanese_in_digits
from avmeter.text.numbers.hindi import hindi_in_digits
from avmeter.text.numbers.korean import korean_in_hangul
from avmeter.text.numbers.russian import russian_in_digits
from avmeter.text.numbers.thai import thai_in_words

NumberRules = Callable[[str], str]

_OWN: Mapping[str, NumberRules] = MappingProxyType(
    {
        "en": spell_in_digits,
        **dict.fromkeys(("zh", "yue", "wuu", "nan", "hak"), chinese_in_digits),
        "ja": japanese_in_digits,
        "ko": korean_in_hangul,
        "th": thai_in_words,
        "ru": russian_in_digits,
        "hi": hindi_in_digits,
        "ar": arabic_in_digits,
    }
)
_SAME_AS: Mapping[str, str] = MappingProxyType({"nb": "no", "nn": "no"})


def languages_with_rules() -> tuple[str, ...]:
    """Return the codes of the languages whose numbers have one spelling, where num2words is installed."""
    return tuple(sorted({*_OWN, *lexicons.additive_languages(), *_SAME_AS}))


def number_rules(language: Language) -> NumberRules | None:
    """Return what puts the numbers of a text in one spelling; None where nothing can."""
    code = _SAME_AS.get(language.code, language.code)
    if language.tag.endswith("-Latn"):
        return None
    if code in _OWN:
        return _OWN[code]
    if code in lexicons.additive_languages() and lexicons.is_installed():
        lexicon = lexicons.lexicon_of(code)
        return lambda text: words_in_digits(text, lexicon)
    return None


def number_caveats(language: Language, texts: Sequence[str]) -> tuple[str, ...]:
    """Return what a reader must know of numbers in these texts: nothing where there are rules, or no digits.

    Where one text has digits the other may have words for them, and they count as errors.
    """
    if number_rules(language) is not None or not any(char.isdecimal() for text in texts for char in text):
        return ()
    code = _SAME_AS.get(language.code, language.code)
    sentence = f"numbers of {language.name} are left as written"
    if code in lexicons.additive_languages() and not lexicons.is_installed():
        return (f"{sentence}: {lexicons.PACKAGE} is not installed (pip install 'avmeter[speech]')",)
    return (f"{sentence}: a number in digits and the same in words count as different",)
