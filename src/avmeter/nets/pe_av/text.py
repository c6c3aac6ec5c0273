"""The text tower: ModernBERT's first token, three heads, and what turns a text into tokens.

Paper: Warner et al., "Smarter, Better, Faster, Longer" (2024). PE-AV reads the states behind layer 22, before any final
norm. So do its authors' code and transformers 5.0; later releases of transformers read them behind the final norm,
which was not trained for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.nets.pe_av.config import TextConfig
from avmeter.nets.pe_av.layers import Head
from avmeter.telemetry import import_without_telemetry

MAX_TOKENS = 512
"""Longest text, [CLS] and [SEP] included, in the authors' code."""


class TextTower(nn.Module):
    """Token ids (B, L) -> one embedding (B, E) per head.

    Raises:
        MissingDependencyError: transformers is not installed.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.model = _modernbert(config)
        self.audio_head = Head(config.dim, config.dim)
        self.video_head = Head(config.dim, config.dim)
        self.joint_head = Head(config.dim, config.dim)

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Embeddings for comparison with sound, with video, and with both.

        Args:
            ids: (B, L), padded at the end.
            mask: (B, L), 1 for tokens and 0 for padding.
        """
        first = self.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
        return {
            "audio": self.audio_head(first),
            "video": self.video_head(first),
            "audio_video": self.joint_head(first),
        }


def _modernbert(config: TextConfig) -> Any:
    """Build a `transformers.ModernBertModel` without its final norm."""
    try:
        transformers = import_without_telemetry("transformers")
    except ImportError as error:
        raise MissingDependencyError(
            "PE-AV's text tower needs the package transformers, which is not installed",
            hint="pip install 'avmeter[pe-av]'",
        ) from error
    sizes = transformers.ModernBertConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.dim,
        intermediate_size=config.hidden_dim,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        cls_token_id=config.begin,
        bos_token_id=config.begin,
        sep_token_id=config.end,
        eos_token_id=config.end,
        pad_token_id=config.pad,
        attn_implementation="sdpa",
    )
    model = transformers.ModernBertModel(sizes)
    model.final_norm = nn.Identity()
    return model


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token ids of one text.

    Attributes:
        ids: What the tower reads.
        num_dropped: Tokens that did not fit.
    """

    ids: tuple[int, ...]
    num_dropped: int


class Tokenizer(Protocol):
    """Anything that turns a text into `Tokens`; `config` are its special tokens."""

    config: TextConfig

    def __call__(self, text: str) -> Tokens:
        """Tokens between [CLS] and [SEP]."""


class BpeTokens:
    """ModernBERT's byte-level BPE.

    Args:
        file: `tokenizer.json` of the checkpoint.
        config: Its special tokens.

    Raises:
        MissingDependencyError: tokenizers is not installed.
        WeightsError: The file is no tokenizer.
    """

    def __init__(self, file: Path, config: TextConfig) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingDependencyError(
                "PE-AV's tokenizer needs the package tokenizers, which is not installed",
                hint="pip install 'avmeter[pe-av]'",
            ) from error
        text = _checked(file)
        self._tokenizer = Tokenizer.from_str(text)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.config = config

    def __call__(self, text: str) -> Tokens:
        """Tokens between [CLS] and [SEP]."""
        return _framed(self._tokenizer.encode(text, add_special_tokens=False).ids, self.config)


class DummyTokens:
    """A stand-in for measuring speed with dummy weights: every byte of the text is a token.

    Args:
        config: The special tokens.
    """

    def __init__(self, config: TextConfig) -> None:
        self.config = config

    def __call__(self, text: str) -> Tokens:
        """Tokens between [CLS] and [SEP]."""
        special = {self.config.begin, self.config.end, self.config.pad}
        usual = [i for i in range(self.config.vocabulary) if i not in special][:256]
        return _framed([usual[byte % len(usual)] for byte in text.encode("utf-8", "surrogatepass")], self.config)


def _checked(file: Path) -> str:
    """Read a `tokenizer.json`, if it looks like one: the package's own errors have no type."""
    try:
        text = file.read_text(encoding="utf-8")
        kind = json.loads(text)["model"]["type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{file}: cannot be read as a tokenizer: {error!r}") from error
    if kind not in ("BPE", "WordLevel", "WordPiece", "Unigram"):
        raise WeightsError(f"{file}: a tokenizer of an unknown kind, {kind!r}")
    return text


def _framed(ids: list[int], config: TextConfig) -> Tokens:
    read = ids[: MAX_TOKENS - 2]
    return Tokens(ids=(config.begin, *read, config.end), num_dropped=len(ids) - len(read))


def padded(ids: tuple[int, ...], length: int, config: TextConfig) -> tuple[Tensor, Tensor]:
    """Pad ids at their end; return ids and mask (length,), int64."""
    row = torch.full((length,), config.pad)
    row[: len(ids)] = torch.tensor(ids)
    return row, (torch.arange(length) < len(ids)).long()
