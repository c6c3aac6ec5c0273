"""Text to token ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import torch
from torch import Tensor

from avmeter.errors import MissingDependencyError, UsageError, WeightsError
from avmeter.telemetry import import_without_telemetry

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


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A byte-level BPE with the special tokens that a text tower was trained with.

    Attributes:
        name: Whose vocabulary it is.
        tokenizer: Class of transformers.
        special: Special token -> its id.
        begin: Ids in front of every text.
        ending: What is written behind every text before it is tokenized.
        end: Ids behind every text; the last one stays where a text is cut.
        pad: Id of padding.
    """

    name: str
    tokenizer: str
    special: Mapping[str, int]
    begin: tuple[int, ...] = ()
    ending: str = ""
    end: tuple[int, ...]
    pad: int


ROBERTA = Scheme(
    name="RoBERTa",
    tokenizer="RobertaTokenizer",
    special=MappingProxyType({"<s>": 0, "<pad>": 1, "</s>": 2}),
    begin=(0,),
    end=(2,),
    pad=1,
)
GPT2 = Scheme(
    name="GPT-2",
    tokenizer="GPT2Tokenizer",
    # Microsoft's code pads with "!", which thereby is a token of its own wherever it stands.
    special=MappingProxyType({"!": 0, "Ġ": 220, "<|endoftext|>": 50256}),
    ending=" <|endoftext|>",
    end=(220, 50256),
    pad=0,
)


class Tokenizer(Protocol):
    """Anything that turns texts into `Tokens`."""

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""


class FileTokens:
    """Byte-level BPE from the two files that come with the checkpoint.

    Args:
        vocabulary: `vocab.json`.
        merges: `merges.txt`.
        max_tokens: Longest text, begin and end tokens included: 512 for RoBERTa in the transformers layout (no more
            positions were trained), 77 for LAION's and Microsoft's own code.
        scheme: Whose files they are.

    Raises:
        MissingDependencyError: transformers is not installed.
        WeightsError: A file is not what its name says.
    """

    def __init__(self, *, vocabulary: Path, merges: Path, max_tokens: int = 512, scheme: Scheme = ROBERTA) -> None:
        try:
            transformers = import_without_telemetry("transformers")
        except ImportError as error:
            raise MissingDependencyError(
                "CLAP's tokenizer needs the package transformers, which is not installed",
                hint="pip install 'avmeter[clap]'",
            ) from error
        vocab = _read_vocabulary(vocabulary, scheme)
        (padding,) = (token for token, number in scheme.special.items() if number == scheme.pad)
        make: Any = getattr(transformers, scheme.tokenizer)
        self._tokenizer: Any = make(vocab=vocab, merges=_read_merges(merges, vocab), pad_token=padding)
        self._max_tokens = max_tokens
        self._scheme = scheme

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""
        rows = [self._tokenizer(text + self._scheme.ending)["input_ids"] for text in texts]
        return _batch(rows, self._max_tokens, self._scheme)


class DummyTokens:
    """A stand-in for measuring speed with dummy weights: every byte of the text is a token.

    Ids are `byte + 4` between the begin and end tokens. It has nothing of the real vocabulary: trained weights do not
    understand it.
    """

    OFFSET = 4

    def __init__(self, *, max_tokens: int = 512, scheme: Scheme = ROBERTA) -> None:
        self._max_tokens = max_tokens
        self._scheme = scheme

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokens of at least one text."""
        begin, end = self._scheme.begin, self._scheme.end
        rows = [
            [*begin, *(byte + self.OFFSET for byte in text.encode("utf-8", "surrogatepass")), *end] for text in texts
        ]
        return _batch(rows, self._max_tokens, self._scheme)


def _read_vocabulary(path: Path, scheme: Scheme) -> dict[str, int]:
    """Read the vocabulary: token -> id."""
    try:
        vocab = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a vocabulary: {error}", hint=_VERIFY) from error
    special = scheme.special
    if not isinstance(vocab, dict) or any(vocab.get(token) != number for token, number in special.items()):
        raise WeightsError(f"{path}: not {scheme.name}'s vocabulary: needs {dict(special)}", hint=_VERIFY)
    return vocab


def _read_merges(path: Path, vocab: dict[str, int]) -> list[tuple[str, str]]:
    """Read the pairs of tokens that become one, most urgent first."""
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


def _batch(rows: Sequence[Sequence[int]], max_tokens: int, scheme: Scheme) -> Tokens:
    """Pad rows of ids to one tensor; those that are too long are cut before their last token."""
    if not rows:
        raise UsageError("no text to tokenize")
    cut = [list(row) if len(row) <= max_tokens else [*row[: max_tokens - 1], scheme.end[-1]] for row in rows]
    longest = max(len(row) for row in cut)
    return Tokens(
        ids=torch.tensor([row + [scheme.pad] * (longest - len(row)) for row in cut]),
        mask=torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in cut]),
        num_dropped=tuple(max(0, len(row) - max_tokens) for row in rows),
    )
