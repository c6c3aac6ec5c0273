"""cpCER counts characters."""

from __future__ import annotations

from avmeter.metrics.audio.cpcer import CpCer


def test_characters_are_counted_without_spaces() -> None:
    """As for CER."""
    assert CpCer().units("ab c", char_level=False) == ["a", "b", "c"]
