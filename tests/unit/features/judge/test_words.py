"""Texts as inputs of a question."""

from __future__ import annotations

from avmeter.features.judge.words import JudgeWords


def test_text_is_passed_on_as_it_is() -> None:
    """Braces and all."""
    assert JudgeWords().extract('{"object": "dog"}').facts == {"text": '{"object": "dog"}'}
