"""Loops of a recogniser are seen in its text."""

from __future__ import annotations

import zlib

import pytest

from avmeter.text.repetition import COMPRESSION_RATIO_LIMIT, compression_ratio, repeated_ngram_share


def test_loop_is_above_the_limit_and_a_sentence_below() -> None:
    """Whisper's own limit separates a loop from a sentence."""
    loop = compression_ratio("thank you for watching. " * 20)
    sentence = compression_ratio("The quick brown fox ran home.")
    assert loop is not None
    assert sentence is not None
    assert loop > COMPRESSION_RATIO_LIMIT > sentence


def test_ratio_is_whispers() -> None:
    """Bytes of UTF-8 over bytes of zlib at its default level."""
    text = "naïve café " * 4
    raw = text.encode("utf-8")
    assert compression_ratio(text) == len(raw) / len(zlib.compress(raw))


def test_empty_text_has_no_ratio() -> None:
    """Nothing said is not a ratio of zero."""
    assert compression_ratio("") is None


@pytest.mark.parametrize(
    ("words", "n", "share"),
    [
        ("a b c d e", 3, 0.0),
        ("a b a b a b", 2, 3 / 5),  # ab ba ab ba ab: three of five came before
        ("so so so so", 1, 3 / 4),
        ("a b", 3, None),
        ("", 1, None),
    ],
)
def test_share_of_repeated_ngrams(words: str, n: int, share: float | None) -> None:
    """The share counts n-grams that occurred before; too short a text has none."""
    found = repeated_ngram_share(words.split(), n)
    assert found is None if share is None else found == pytest.approx(share)
