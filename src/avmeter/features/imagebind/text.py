"""ImageBind embedding of a text.

Source: Girdhar et al., "ImageBind" (2023), `data.py` and `SimpleTokenizer`: CLIP's byte-pair tokens, 77 of them with
begin and end, and the text tower's embedding of the end token. A longer text is cut off, and the facts say so. Where
the tokens differ from the published ones is said in `avmeter.nets.clip_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.imagebind.base import ImageBindTower
from avmeter.features.tokens import TextExtractor, token_facts
from avmeter.nets import clip_tokens
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

VOCABULARY_ENTRY = "clip-vocabulary"
CONTEXT_LENGTH = 77  # tokens, begin and end included


@register_extractor("imagebind_text")
class ImageBindText(ImageBindTower, TextExtractor):
    """Array `embedding` (1024,); facts `num_tokens`, `num_dropped`, `truncated`."""

    tower = "text"
    entries = (*ImageBindTower.entries, VOCABULARY_ENTRY)
    dependencies = ("ftfy", "regex")
    extra = "imagebind"

    def build_tokenizer(self, runtime: Runtime) -> clip_tokens.Tokenizer:
        if self.has_dummy_weights(runtime):
            return clip_tokens.DummyTokens(length=CONTEXT_LENGTH)
        merges = clip_tokens.read_merges(runtime.weights.path(VOCABULARY_ENTRY))
        return clip_tokens.ClipTokens(merges, length=CONTEXT_LENGTH)

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

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.text(batch["ids"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": outputs[0]["embedding"]}, facts=facts)
