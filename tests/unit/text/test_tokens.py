"""Texts are cut into words, or into characters where words are not spaced."""

from __future__ import annotations

import pytest

from avmeter.text.tokens import characters, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我用Python写code", ["我", "用", "Python", "写", "code"]),
        ("你 好", ["你", "好"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("한국어", ["한", "국", "어"]),
        ("hello world", ["hello", "world"]),
        ("3.5 度", ["3.5", "度"]),
        # Thai vowel and tone signs stay with their consonant: น + ี + ้ is one unit.
        ("นี้", ["นี้"]),
        # Kana with a combining voiced sound mark.
        ("か\u3099く", ["か\u3099", "く"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("cafe\u0301 好", ["cafe\u0301", "好"]),
        ("𠮷野", ["𠮷", "野"]),
        ("", []),
    ],
)
def test_char_level_cuts_unspaced_scripts_only(text: str, expected: list[str]) -> None:
    """Characters of unspaced scripts stand alone with their marks; other words stay whole."""
    assert tokens(text, char_level=True) == expected


def test_word_level_cuts_at_white_space_only() -> None:
    """Without character level, any script is cut at white space of any kind."""
    assert tokens(" 你好 שלום\tb\u3000c\n", char_level=False) == ["你好", "שלום", "b", "c"]


def test_characters_keep_their_marks_and_drop_spaces() -> None:
    """Units of a character error rate are characters with their marks."""
    assert characters("ab e\u0301 नि") == ["a", "b", "e\u0301", "नि"]
