"""Text to token ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from avmeter.errors import MissingDependencyError, UsageError, WeightsError

BEGIN, PAD, END = 0, 1, 2
"""Ids of RoBERTa's special tokens, in every vocabulary used here."""

_VERIFY = "check the files with `avmeter weights verify`"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token ids of a batch of texts.

    Attributes:
        ids: (B, L) int64; L is the longest text of the batch, the others are padded at the end.
        mask: (B, L) int64, 1 for tokens and 0 for padding.
        num_dropped: Tokens of each text that did not fit and are not in `ids`.
    """

    ids: Tensor
    mask: Tensor
    num_dropped: tuple[int, ...]


class Tokenizer(Protocol):
    """Anything that turns texts into `Tokens`."""

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""


class RobertaTokens:
    """Byte-level BPE of RoBERTa, from the two files that come with the checkpoint.

    Args:
        vocabulary: `vocab.json`.
        merges: `merges.txt`.
        max_tokens: Longest text, begin and end tokens included: 512 for files in the transformers layout (no
            more positions were trained), 77 for LAION's own code.

    Raises:
        MissingDependencyError: transformers is not installed.
        WeightsError: A file is not what its name says.
    """

    def __init__(self, *, vocabulary: Path, merges: Path, max_tokens: int = 512) -> None:
        try:
            from transformers import RobertaTokenizer
        except ImportError as error:
            raise MissingDependencyError(
                "CLAP's tokenizer needs the package transformers, which is not installed",
                hint="pip install 'avmeter[clap]'",
            ) from error
        vocab = _read_vocabulary(vocabulary)
        self._tokenizer: Any = RobertaTokenizer(vocab=vocab, merges=_read_merges(merges, vocab))
        self._max_tokens = max_tokens

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""
        return _batch([self._tokenizer(text)["input_ids"] for text in texts], self._max_tokens)


class DummyTokens:
    """A stand-in for measuring speed with dummy weights: every byte of the text is a token.

    Ids are `byte + 4` between the begin and end tokens. It has nothing of RoBERTa's vocabulary: trained
    weights do not understand it.
    """

    OFFSET = 4

    def __init__(self, *, max_tokens: int = 512) -> None:
        self._max_tokens = max_tokens

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""
        return _batch(
            [[BEGIN, *(byte + self.OFFSET for byte in text.encode("utf-8", "surrogatepass")), END] for text in texts],
            self._max_tokens,
        )


def _read_vocabulary(path: Path) -> dict[str, int]:
    """Token -> id."""
    try:
        vocab = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a vocabulary: {error}", hint=_VERIFY) from error
    special = {"<s>": BEGIN, "<pad>": PAD, "</s>": END}
    if not isinstance(vocab, dict) or any(vocab.get(token) != number for token, number in special.items()):
        raise WeightsError(f"{path}: not RoBERTa's vocabulary: needs {special}", hint=_VERIFY)
    return vocab


def _read_merges(path: Path, vocab: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of tokens that become one, most urgent first."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as merges: {error}", hint=_VERIFY) from error
    merges = []
    for number, line in enumerate(lines, start=1):
        if not line or (number == 1 and line.startswith("#version")):
            continue
        left, _, right = line.partition(" ")
        if not {left, right, left + right} <= vocab.keys():
            raise WeightsError(f"{path}: line {number} merges {line!r}, not in the vocabulary", hint=_VERIFY)
        merges.append((left, right))
    return merges


def _batch(rows: Sequence[Sequence[int]], max_tokens: int) -> Tokens:
    """Rows of ids, cut before their end token where they are too long, as one padded tensor."""
    if not rows:
        raise UsageError("no text to tokenize")
    kept = [list(row) if len(row) <= max_tokens else [*row[: max_tokens - 1], END] for row in rows]
    longest = max(len(row) for row in kept)
    return Tokens(
        ids=torch.tensor([row + [PAD] * (longest - len(row)) for row in kept]),
        mask=torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in kept]),
        num_dropped=tuple(max(0, len(row) - max_tokens) for row in rows),
    )
