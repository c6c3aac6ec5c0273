"""PE-AV's embeddings of a text: for comparison with sound, with picture, and with both.

Source: Vyas et al. (2025); ModernBERT and its byte-level BPE. Text beyond 512 tokens is cut off, as in the authors'
code, and the facts say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from avmeter.features.base import Features, Window
from avmeter.features.pe_av.base import TOKENS_FILE, PeAvPart
from avmeter.features.tokens import encodable, padded_length, token_facts
from avmeter.nets import pe_av
from avmeter.nets.pe_av import MAX_TOKENS, Tokens
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("pe_av_text")
class PeAvText(PeAvPart):
    """Arrays `audio`, `video`, `audio_video` (E,); facts `num_tokens`, `num_dropped`, `truncated`.

    With dummy weights every byte is a token: no vocabulary is needed. Options as `PeAvPart`.
    """

    name = "pe_av_text"
    takes = "text"
    part = "text"
    dependencies = ("transformers", "tokenizers")
    batch_size = 32

    def __init__(self, *, model: str | None = None) -> None:
        super().__init__(model=model)
        self._tokenize: Callable[[str], Tokens] | None = None
        self._sizes: pe_av.TextConfig | None = None

    def load(self, runtime: Runtime) -> None:
        self._sizes = self.config(runtime).text
        if runtime.weights.is_dummy and not self.folder:
            self._tokenize = pe_av.DummyTokens(self._sizes)
        else:
            self._tokenize = pe_av.BpeTokens(self.file(runtime, TOKENS_FILE), self._sizes)
        super().load(runtime)

    def unload(self) -> None:
        super().unload()
        self._tokenize = self._sizes = None

    def _tokens(self, text: str) -> Tokens:
        assert self._tokenize is not None
        return self._tokenize(encodable(text))

    def windows(self, media: str) -> Iterator[Window]:
        assert self._sizes is not None
        tokens = self._tokens(media)
        ids, mask = pe_av.padded(tokens.ids, padded_length(len(tokens.ids), MAX_TOKENS), self._sizes)
        yield Window(inputs={"ids": ids.numpy(), "mask": mask.numpy()})

    def facts(self, media: str) -> Mapping[str, Any]:
        tokens = self._tokens(media)
        return token_facts(num_tokens=len(tokens.ids) + tokens.num_dropped, num_dropped=tokens.num_dropped)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        found: Mapping[str, Tensor] = self._net(batch["ids"], batch["mask"])
        return found

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays=outputs[0], facts=facts)
