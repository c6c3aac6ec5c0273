"""Embeddings of texts by networks that read CLIP's byte-pair tokens: CLIP itself, ViCLIP, ImageBind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.tokens import TextExtractor, token_facts
from avmeter.nets import clip_tokens
from avmeter.runtime import Runtime

VOCABULARY_ENTRY = "clip-vocabulary"
"""Catalog name of the vocabulary, which stands behind that of the network in `entries`."""


class BytePairExtractor(TextExtractor):
    """Array `embedding` (E,); facts `num_tokens`, `num_dropped`, `truncated`. `forward` gets `ids` (B, L).

    Attributes:
        context_length: Tokens that the network reads, begin and end included; a longer text is cut off.
    """

    dependencies = ("ftfy", "regex")
    context_length: ClassVar[int] = 77

    def build_tokenizer(self, runtime: Runtime) -> clip_tokens.Tokenizer:
        if self.has_dummy_weights(runtime):
            return clip_tokens.DummyTokens(length=self.context_length)
        merges = clip_tokens.read_merges(runtime.weights.path(VOCABULARY_ENTRY))
        return clip_tokens.ClipTokens(merges, length=self.context_length)

    def _tokens(self, text: str) -> clip_tokens.Tokens:
        tokens: clip_tokens.Tokens = self._tokenizer(text)
        return tokens

    def windows(self, media: str) -> Iterator[Window]:
        tokens = self._tokens(media)
        if tokens.num_tokens == 2:
            raise SkipError(
                SkipCode.EMPTY_TEXT,
                f"the prompt has {len(media)} characters, and none of them is text",
                hint="give a text in `text_prompt=`",
            )
        yield Window(inputs={"ids": tokens.ids})

    def facts(self, media: str) -> Mapping[str, Any]:
        tokens = self._tokens(media)
        return token_facts(num_tokens=tokens.num_tokens, num_dropped=tokens.num_dropped)

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": outputs[0]["embedding"]}, facts=facts)
