"""Signs that a text says one thing again and again, as recognisers do when they invent speech."""

from __future__ import annotations

import zlib

COMPRESSION_RATIO_LIMIT = 2.4
"""Above it Whisper takes its own transcript for a failure (`compression_ratio_threshold`, `whisper/transcribe.py`)."""


def compression_ratio(text: str) -> float | None:
    """Bytes of the text (UTF-8) per byte after zlib, as Whisper computes it; None for an empty text.

    Ordinary sentences lie between 1 and 2; short ones below 1. Source: `whisper/utils.py` of openai/whisper.
    """
    raw = text.encode("utf-8")
    return len(raw) / len(zlib.compress(raw)) if raw else None


def repeated_ngram_share(tokens: list[str], n: int = 3) -> float | None:
    """Share of the n-grams that occurred before in the same text: 0 is no repetition, near 1 is a loop.

    Returns:
        None for a text of fewer than `n` tokens.
    """
    ngrams = [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else None
