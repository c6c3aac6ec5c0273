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
from avmeter.features.imagebind.base import ENTRY, ImageBindTower
from avmeter.features.tokens import token_facts
from avmeter.nets import clip_tokens
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

VOCABULARY_ENTRY = "clip-vocabulary"
CONTEXT_LENGTH = 77


@register_extractor("imagebind_text")
class ImageBindText(ImageBindTower):
    """Array `embedding` (1024,); facts `num_tokens`, `num_dropped`, `truncated`.

    With dummy weights every byte is a token: no vocabulary is needed.
    """

    name = "imagebind_text"
    tower = "text"
    takes = "text"
    dependencies = ("ftfy", "regex")
    extra = "imagebind"
    batch_size = 32

    def __init__(self) -> None:
        super().__init__()
        self._tokenize: clip_tokens.Tokenizer | None = None

    def weights(self) -> tuple[str, ...]:
        return (ENTRY, VOCABULARY_ENTRY)

    def load(self, runtime: Runtime) -> None:
        if runtime.weights.is_dummy:
            self._tokenize = clip_tokens.DummyTokens(length=CONTEXT_LENGTH)
        else:
            merges = clip_tokens.read_merges(runtime.weights.path(VOCABULARY_ENTRY))
            self._tokenize = clip_tokens.ClipTokens(merges, length=CONTEXT_LENGTH)
        super().load(runtime)

    def unload(self) -> None:
        super().unload()
        self._tokenize = None

    def _tokens(self, text: str) -> clip_tokens.Tokens:
        assert self._tokenize is not None
        return self._tokenize(text)

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
