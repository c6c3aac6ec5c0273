"""Text to CLIP's byte-pair tokens, as the text towers of CLIP, ViCLIP and ImageBind read them.

    text -> repaired, unescaped, one space between words, lower case -> words -> bytes -> byte pairs -> ids

    ids: begin (49406), the text, end (49407), zeros up to the length of the network's context

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021); ImageBind,
`multimodal_preprocessors.py`, `SimpleTokenizer`.

Differs from it on purpose: `<|startoftext|>` and `<|endoftext|>` in a text are text like any other; there the prompt
ends where the latter stands.
"""

from __future__ import annotations

import gzip
import html
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from avmeter.errors import MissingDependencyError, WeightsError

NUM_MERGES = 48_894
"""Lines of the published vocabulary that are used; the file holds more."""

BEGIN, END = 49_406, 49_407
"""Ids of the special tokens in CLIP's vocabulary."""

_WORD_END = "</w>"
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token ids of one text.

    Attributes:
        ids: (L,) int64; zeros behind the end token.
        num_tokens: Tokens of the whole text, begin and end included.
        num_dropped: Tokens that did not fit and are not in `ids`.
    """

    ids: npt.NDArray[np.int64]
    num_tokens: int
    num_dropped: int


class Tokenizer(Protocol):
    """Anything that turns a text into `Tokens`."""

    def __call__(self, text: str) -> Tokens:
        """Tokens of a text."""


class ClipTokens:
    """Byte-pair encoding with a list of merges.

    Args:
        merges: Pairs of pieces that become one, most urgent first. Ids follow from their order.
        length: Of the network's context, begin and end tokens included.

    Raises:
        MissingDependencyError: ftfy or regex is not installed.
    """

    def __init__(self, merges: Sequence[Pair], *, length: int = 77) -> None:
        self._words = _compiled()
        letters = list(_letters().values())
        pieces = [*letters, *(c + _WORD_END for c in letters), *("".join(m) for m in merges)]
        self._ids = {piece: i for i, piece in enumerate(pieces)}
        self._begin = len(pieces)
        self._ranks = {pair: i for i, pair in enumerate(merges)}
        self._length = length

    def __call__(self, text: str) -> Tokens:
        """Tokens of a text, cut off before the end token where it is too long."""
        letters = _letters()
        found: list[int] = []
        for word in self._words.findall(clean(text)):
            encoded = [letters[byte] for byte in word.encode("utf-8")]
            found.extend(self._ids[piece] for piece in merged(encoded, self._ranks))
        return _framed(found, begin=self._begin, end=self._begin + 1, length=self._length)


class DummyTokens:
    """A stand-in for dummy weights: every byte of the cleaned text is a token. Trained weights do not understand it.

    Args:
        length: Of the network's context, begin and end tokens included.
    """

    def __init__(self, *, length: int = 77) -> None:
        self._length = length

    def __call__(self, text: str) -> Tokens:
        """Tokens of a text."""
        return _framed(list(clean(text).encode("utf-8")), begin=BEGIN, end=END, length=self._length)


def clean(text: str) -> str:
    """Clean a text before it is cut into words: broken encodings repaired, HTML unescaped, single spaces, lower case.

    Raises:
        MissingDependencyError: ftfy is not installed.
    """
    try:
        import ftfy
    except ImportError as error:
        raise _missing("ftfy") from error
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split()).lower()


def merged(letters: Sequence[str], ranks: Mapping[Pair, int]) -> list[str]:
    """Join a word's letters to pieces, the most urgent pair first, everywhere in the word.

    Args:
        letters: At least one.
        ranks: Pair -> its place in the list of merges.
    """
    word = [*letters[:-1], letters[-1] + _WORD_END]
    while len(word) > 1:
        pair = min(pairwise(word), key=lambda p: ranks.get(p, len(ranks)))
        if pair not in ranks:
            break
        joined: list[str] = []
        for piece in word:
            # A piece that has just been joined equals no half of the pair.
            if joined and (joined[-1], piece) == pair:
                joined[-1] += piece
            else:
                joined.append(piece)
        word = joined
    return word


def read_merges(path: Path) -> list[Pair]:
    """Read the merges of CLIP's vocabulary file (`bpe_simple_vocab_16e6.txt.gz`).

    Raises:
        WeightsError: It is another file.
    """
    hint = "check the files with `avmeter weights verify`"
    try:
        lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1 : NUM_MERGES + 1]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: cannot be read as CLIP's vocabulary: {error}", hint=hint) from error
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines)]
    if len(merges) != NUM_MERGES or not all(left and right for left, right in merges):
        raise WeightsError(f"{path}: not CLIP's vocabulary: needs {NUM_MERGES} pairs", hint=hint)
    return merges


def _framed(ids: Sequence[int], *, begin: int, end: int, length: int) -> Tokens:
    read = ids[: length - 2]
    padded = np.zeros(length, np.int64)
    padded[: len(read) + 2] = [begin, *read, end]
    return Tokens(ids=padded, num_tokens=len(ids) + 2, num_dropped=len(ids) - len(read))


@cache
def _letters() -> Mapping[int, str]:
    """Map each byte to the printable letter that stands for it, in the order of the vocabulary."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


@cache
def _compiled() -> Any:
    try:
        import regex
    except ImportError as error:
        raise _missing("regex") from error
    return regex.compile(_WORDS, regex.IGNORECASE)


def _missing(package: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"CLIP's tokenizer needs the package {package}, which is not installed", hint="pip install 'avmeter[clip]'"
    )
