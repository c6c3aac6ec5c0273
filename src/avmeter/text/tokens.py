"""The units that are compared: words, or single characters where a script does not space its words.

A token never contains white space. A combining mark stays with the character before it, and right-to-left text is
cut in the order of reading, which is the order of its characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Blocks of The Unicode Standard, first and last code point.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul Jamo
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, number zero
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x3130, 0x318F),  # Hangul Compatibility Jamo
    (0x31A0, 0x31BF),  # Bopomofo Extended
    (0x31F0, 0x31FF),  # Katakana Phonetic Extensions
    (0x3400, 0x4DBF),  # Han, Extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),  # Hangul Jamo Extended-A
    (0xA9E0, 0xA9FF),  # Myanmar Extended-B
    (0xAA60, 0xAA7F),  # Myanmar Extended-A
    (0xAC00, 0xD7FF),  # Hangul Syllables, Jamo Extended-B
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFFDC),  # half-width Katakana and Hangul
    (0x20000, 0x3FFFF),  # Han, Extension B and later
)


def tokens(text: str, char_level: bool) -> list[str]:
    """Cut a normalised text into what is compared.

    Args:
        text: Text in any script.
        char_level: Cut characters of unspaced scripts one by one; runs of any other script stay whole words, so that
            "我用 Python" is three tokens. Otherwise white space alone cuts.

    Differs from FastVideo's `wer/metric.py`, where a text at character level has its Latin words cut into letters too.
    """
    words = text.split()
    if not char_level:
        return words
    return [piece for word in words for piece in _pieces(word)]


def characters(text: str) -> list[str]:
    """Every character with its combining marks, white space left out: the units of a character error rate."""
    return [cluster for word in text.split() for cluster in _clusters(word)]


def is_unspaced(token: str) -> bool:
    """Whether a token starts with a character of a script that is compared by character."""
    if not token or ord(token[0]) < _UNSPACED[0][0]:
        return False
    return any(first <= ord(token[0]) <= last for first, last in _UNSPACED)


def _clusters(word: str) -> Iterator[str]:
    cluster = ""
    for char in word:
        if cluster and not unicodedata.category(char).startswith("M"):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _pieces(word: str) -> Iterator[str]:
    run = ""
    for cluster in _clusters(word):
        if not is_unspaced(cluster):
            run += cluster
            continue
        if run:
            yield run
            run = ""
        yield cluster
    if run:
        yield run
