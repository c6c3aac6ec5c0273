"""cpWER counts words."""

from __future__ import annotations

from avmeter.metrics.audio.cpwer import CpWer


def test_words_are_counted_and_characters_of_unspaced_scripts() -> None:
    """As for WER."""
    assert CpWer().units("hello there", char_level=False) == ["hello", "there"]
    assert CpWer().units("你好", char_level=True) == ["你", "好"]
