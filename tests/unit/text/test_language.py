"""Hints become languages, and texts without one are scored by word or character by a stated rule."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.text.language import detect_char_level, parse_language


@pytest.mark.parametrize(
    ("hint", "tag", "char_level", "whisper"),
    [
        # The six that a search for "en", "ja", "es" inside the hint gets wrong or misses.
        ("chinese", "zh", True, "zh"),
        ("Chinese", "zh", True, "zh"),
        ("zh-CN", "zh", True, "zh"),
        ("javanese", "jv", False, "jw"),
        ("Mandarin", "zh", True, "zh"),
        ("ja", "ja", True, "ja"),
        # Names that contain a code of another language.
        ("Estonian", "et", False, "et"),
        ("Portuguese", "pt", False, "pt"),
        ("Vietnamese", "vi", False, "vi"),
        ("Armenian", "hy", False, "hy"),
        ("Slovenian", "sl", False, "sl"),
        # Tags, with regions, scripts, the older form, and wrong case.
        ("yue-Hant-HK", "yue", True, "yue"),
        ("zh-yue", "yue", True, "yue"),
        ("cmn-Hans-CN", "zh", True, "zh"),
        ("zh_latn_pinyin", "zh-Latn", False, "zh"),
        ("en_US", "en", False, "en"),
        ("ES-419", "es", False, "es"),
        ("nb-NO", "nb", False, "no"),
        # ISO 639-3 and retired codes.
        ("eng", "en", False, "en"),
        ("ger", "de", False, "de"),
        ("deu", "de", False, "de"),
        ("arb", "ar", False, "ar"),
        ("iw", "he", False, "he"),
        ("fil", "tl", False, "tl"),
        ("ceb", "ceb", False, None),
        # Own names, spaces around, more than one word.
        ("Deutsch", "de", False, "de"),
        ("日本語", "ja", True, "ja"),
        ("  haitian   creole ", "ht", False, "ht"),
        # Written without spaces.
        ("Thai", "th", True, "th"),
        ("Korean", "ko", True, "ko"),
        ("Burmese", "my", True, "my"),
        ("Khmer", "km", True, "km"),
        ("Lao", "lo", True, "lo"),
    ],
)
def test_hint_names_one_language(hint: str, tag: str, char_level: bool, whisper: str | None) -> None:
    """A hint in any common form gives the language it names, the way its text is cut, and Whisper's code."""
    language = parse_language(hint)
    assert language is not None
    assert (language.tag, language.char_level, language.whisper) == (tag, char_level, whisper)


@pytest.mark.parametrize("hint", [None, "", "  ", "auto", "und"])
def test_no_hint_is_no_language(hint: str | None) -> None:
    """Hints that say "not known" give None."""
    assert parse_language(hint) is None


@pytest.mark.parametrize(
    ("hint", "suggestion"),
    [("englsh", "`english`"), ("xx", "ISO 639"), ("q", "ISO 639"), ("zh-", "ISO 639")],
)
def test_unknown_hint_is_an_error_with_advice(hint: str, suggestion: str) -> None:
    """A hint that names no language is an error, not a guess."""
    with pytest.raises(UnknownNameError) as caught:
        parse_language(hint)
    assert suggestion in caught.value.hint
    assert hint in caught.value.message


def test_hint_that_is_not_text_is_an_error() -> None:
    """A hint of another type is a usage error that names the type."""
    with pytest.raises(UsageError, match="int"):
        parse_language(3)


@pytest.mark.parametrize(
    ("text", "char_level"),
    [
        ("the quick brown fox", False),
        ("", False),
        ("123 ... !", False),
        ("今天天气很好", True),
        ("今日はいい天気です", True),
        ("오늘 날씨가 좋아요", True),
        ("วันนี้อากาศดี", True),
        ("Сегодня хорошая погода", False),
        ("صباح الخير", False),
        ("नमस्ते दुनिया", False),
        # Chinese with English terms has fewer Han characters than words, yet its Han runs are not words.
        ("我们用 machine learning 和 deep learning 做 speech recognition", True),
        # One foreign character in a long English sentence does not turn words into characters.
        ("the character 好 means good in a language that i do not speak", False),
    ],
)
def test_text_without_hint_is_cut_by_its_script(text: str, char_level: bool) -> None:
    """Texts with enough characters of unspaced scripts are scored by character, others by word."""
    assert detect_char_level(text) is char_level
