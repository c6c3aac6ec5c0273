"""Published normalisers, faults included: pairs of writings, and the published code where it is here."""

from __future__ import annotations

import pytest

from avmeter.text.language import parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from support import require
from support.writings import rate


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        # Its faults are what it is for: figures that compare with FastVideo's.
        pytest.param("It’s ten o'clock", "It's ten o'clock", 1 / 3, id="curly-apostrophe-stays"),
        pytest.param("state-of-the-art audio", "state of the art audio", 2.0, id="hyphens-join"),
        pytest.param("The primary coil has fifty turns.", "The primary coil has 50 turns.", 1 / 6, id="numbers-stay"),
        pytest.param("3.5", "35", 0.0, id="decimal-point-lost"),
        pytest.param("Hello, World!", "hello world", 0.0, id="case-and-punctuation"),
    ],
)
def test_fastvideo_normaliser_keeps_its_faults(reference: str, hypothesis: str, expected: float) -> None:
    """The normaliser of FastVideo gives FastVideo's rates."""
    assert rate(reference, hypothesis, name="fastvideo") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It's 5-2, Bob!", "en", "it's 52 bob"),
        ("It’s", "en", "its"),  # the curly apostrophe is in the Chinese list of punctuation
        ("你好，World。", "zh", "你好World"),  # no lower case in Chinese
        ("a , b", "en", "a b"),
    ],
)
def test_seed_tts_normaliser(text: str, language: str, expected: str) -> None:
    """Punctuation but the straight apostrophe goes; case goes in English only."""
    assert normalise(text, "seed-tts", parse_language(language)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Music] Hello (laughs) World!", " hello world "),
        ("It's well-known", "it s well known"),
        ("नि", "न "),  # a vowel sign counts as a symbol there
    ],
)
def test_whisper_basic_normaliser(text: str, expected: str) -> None:
    """Brackets go with their words, symbols and combining marks become spaces."""
    assert normalise(text, "whisper-basic") == expected


@pytest.mark.parametrize(
    "text",
    ["Hello, WORLD!", "[a] (b) <c> d", "Ünïcödé ½ ²", "नमस्ते", "tabs\tand\nlines", "", "((nested) x)", "İI ß"],
)
def test_whisper_basic_agrees_with_transformers(text: str) -> None:
    """Our few lines give what the published class gives."""
    published = require.package("transformers.models.whisper.english_normalizer").BasicTextNormalizer()
    assert normalise(text, "whisper-basic") == published(text)


@pytest.mark.parametrize(
    ("reference", "hypothesis"),
    [
        ("I can't, won't and shouldn't.", "I can not will not and should not"),
        ("Mr. Smith went to Dr. Brown", "mister smith went to doctor brown"),
        ("The primary coil has fifty turns.", "The primary coil has 50 turns."),
        ("Um, it costs twenty dollars", "It costs $20"),
        ("[laughs] we're here", "we are here"),
    ],
)
def test_whisper_english_normaliser(reference: str, hypothesis: str) -> None:
    """Contractions, titles, numbers, fillers and brackets are evened out."""
    require.package("transformers")
    assert rate(reference, hypothesis, name="whisper-english") == 0.0


def test_whisper_english_says_what_is_missing() -> None:
    """Where the table of spellings is absent, a sentence says so; where it is there, "colour" is "color"."""
    require.package("transformers")
    caveats = NORMALISERS["whisper-english"].caveats()
    if caveats:
        assert "english.json" in caveats[0]
        assert normalise("colour", "whisper-english") == "colour"
    else:
        assert normalise("colour", "whisper-english") == "color"
