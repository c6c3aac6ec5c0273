"""How far two writings of one speech are apart once they are normalised."""

from __future__ import annotations

from avmeter.text.error_rate import align
from avmeter.text.language import detect_char_level, parse_language
from avmeter.text.normalise import normalise
from avmeter.text.tokens import tokens


def rate(
    reference: str, hypothesis: str, *, name: str = "magihuman", language: str | None = "en", numbers: bool = True
) -> float | None:
    """Return the word or character error rate of one writing against another, both normalised."""
    parsed = parse_language(language)
    expected, transcript = (normalise(text, name, parsed, numbers=numbers) for text in (reference, hypothesis))
    char_level = parsed.char_level if parsed else detect_char_level(f"{expected} {transcript}")
    return align(tokens(expected, char_level), tokens(transcript, char_level)).error_rate
