"""Normalisers by name."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.text.normalise import NORMALISERS, normalise


def test_none_leaves_the_text_alone() -> None:
    """No normaliser, no change."""
    assert normalise("It’s  Ten!", "none") == "It’s  Ten!"


def test_unknown_normaliser_is_an_error_with_a_suggestion() -> None:
    """A misspelled name is answered with the right one."""
    with pytest.raises(UnknownNameError, match="whisper-basic"):
        normalise("x", "whisper_basic")


def test_only_the_default_takes_the_numbers_option() -> None:
    """Published normalisers do with numbers what they always do, and say so."""
    assert [n.name for n in NORMALISERS.values() if n.takes_numbers] == ["magihuman"]
    for name in ("fastvideo", "seed-tts", "whisper-basic", "none"):
        assert normalise("fifty", name, numbers=True) == normalise("fifty", name, numbers=False)
