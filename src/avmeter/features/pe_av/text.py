"""PE-AV's embeddings of a text: for comparison with sound, with video, and with both.

Source: Vyas et al. (2025); ModernBERT and its byte-level BPE. Text beyond 512 tokens is cut off, as in the authors'
code, and the facts say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from avmeter.features.base import Features, Window
from avmeter.features.pe_av.base import TOKENS_FILE, PeAvPart
from avmeter.features.tokens import TextExtractor, padded_length, replace_surrogates, token_facts
from avmeter.nets import pe_av
from avmeter.nets.pe_av import MAX_TOKENS, Tokens
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("pe_av_text")
class PeAvText(PeAvPart, TextExtractor):
    """Arrays `audio`, `video`, `audio_video` (E,); facts `num_tokens`, `num_dropped`, `truncated`.

    Options as `PeAvPart`.
    """

    part = "text"
    dependencies = ("transformers", "tokenizers")

    def build_tokenizer(self, runtime: Runtime) -> pe_av.Tokenizer:
        config = self.config(runtime).text
        if self.has_dummy_weights(runtime):
            return pe_av.DummyTokens(config)
        return pe_av.BpeTokens(self.file(runtime, TOKENS_FILE), config)

    def _tokens(self, text: str) -> Tokens:
        tokens: Tokens = self._tokenizer(replace_surrogates(text))
        return tokens

    def windows(self, media: str) -> Iterator[Window]:
        tokens = self._tokens(media)
        ids, mask = pe_av.padded(tokens.ids, padded_length(len(tokens.ids), MAX_TOKENS), self._tokenizer.config)
        yield Window(inputs={"ids": ids.numpy(), "mask": mask.numpy()})

    def facts(self, media: str) -> Mapping[str, Any]:
        tokens = self._tokens(media)
        return token_facts(num_tokens=len(tokens.ids) + tokens.num_dropped, num_dropped=tokens.num_dropped)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        embeddings: Mapping[str, Tensor] = self._net(batch["ids"], batch["mask"])
        return embeddings

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays=outputs[0], facts=facts)
