"""Named normalisers: what is taken out of both texts before their words are compared.

`magihuman` is the default of `audio.wer`, with numbers on. A score is comparable only with scores of the same
normaliser and the same setting of `numbers`; both belong into the details of a result. Every normaliser leaves
cutting into words or characters to `tokens`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from avmeter.errors import UnknownNameError
from avmeter.text import protocols
from avmeter.text.language import Language
from avmeter.text.magihuman import magihuman


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """One way to make texts comparable.

    Attributes:
        name: Its name in options and results.
        summary: One line for lists.
        takes_numbers: Whether the option `numbers` changes anything; published normalisers do with numbers what they
            always do.
        drops_directions: Whether stage directions are taken out before it, see `directions`; published normalisers do
            with brackets what they always do.
        apply: Text, language if known, `numbers` -> text.
        caveats: What it leaves undone on this machine, as sentences.
    """

    name: str
    summary: str
    apply: Callable[[str, Language | None, bool], str]
    takes_numbers: bool = False
    drops_directions: bool = False
    caveats: Callable[[], tuple[str, ...]] = tuple


NORMALISERS: Mapping[str, Normaliser] = MappingProxyType(
    {
        normaliser.name: normaliser
        for normaliser in (
            Normaliser(
                name="magihuman",
                summary="NFKC, lower case, no punctuation, one spelling of numbers, no optional signs (default)",
                apply=magihuman,
                takes_numbers=True,
                drops_directions=True,
            ),
            Normaliser(
                name="fastvideo",
                summary="FastVideo's own, with its faults",
                apply=lambda text, language, numbers: protocols.fastvideo(text),
            ),
            Normaliser(
                name="whisper-english",
                summary="Whisper's for English: contractions, titles, numbers, spelling",
                apply=lambda text, language, numbers: protocols.whisper_english(text),
                caveats=protocols.whisper_english_caveats,
            ),
            Normaliser(
                name="whisper-basic",
                summary="Whisper's for other languages: no brackets, no symbols, lower case",
                apply=lambda text, language, numbers: protocols.whisper_basic(text),
            ),
            Normaliser(
                name="seed-tts",
                summary="seed-tts-eval's: no punctuation but the apostrophe, lower case in English",
                apply=lambda text, language, numbers: protocols.seed_tts(text, language),
            ),
            Normaliser(name="none", summary="the text as it is", apply=lambda text, language, numbers: text),
        )
    }
)


def normalise(text: str, name: str, language: Language | None = None, *, numbers: bool = True) -> str:
    """A text as the named normaliser leaves it.

    Args:
        text: What was said, or should have been.
        name: One of `NORMALISERS`.
        language: Language of the text, where known.
        numbers: Write numbers in one way (in most languages in digits), where the normaliser leaves that open
            (`takes_numbers`) and the language has rules (`numbers.rules`).

    Raises:
        UnknownNameError: No normaliser of that name.
        MissingDependencyError: `whisper-english` without transformers.
    """
    if name not in NORMALISERS:
        raise UnknownNameError.among("normaliser", name, NORMALISERS)
    return NORMALISERS[name].apply(text, language, numbers)
