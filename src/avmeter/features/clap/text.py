"""CLAP embedding of a text.

Source: Wu, Chen, Zhang et al., "Large-Scale Contrastive Language-Audio Pretraining" (ICASSP 2023); RoBERTa with its
byte-level BPE, one vocabulary for all checkpoints of LAION. MS-CLAP (Elizalde et al., arXiv 2309.05767): GPT-2 with its
own. Text beyond the checkpoint's limit (512 tokens, 77 in LAION's and Microsoft's own code, begin and end included) is
cut off, and the facts say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.features.base import Features, Window
from avmeter.features.clap.base import ClapExtractor
from avmeter.features.tokens import TextExtractor, padded_length, replace_surrogates, token_facts
from avmeter.nets import clap
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("clap_text")
class ClapText(ClapExtractor, TextExtractor):
    """Array `embedding` (D,), D = 512 (MS-CLAP 1024), of length 1; facts `num_tokens`, `num_dropped`, `truncated`.

    Args:
        model: Checkpoint, by its catalog name or by what papers call it; default is the protocol's own.
        protocol: Decides the default checkpoint, nothing else.
    """

    option_names = ("model",)

    def __init__(self, *, model: str | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(model=model, protocol=protocol)
        self.max_tokens = self._checkpoint.max_tokens

    def build_tokenizer(self, runtime: Runtime) -> clap.Tokenizer:
        scheme, entry = self._checkpoint.scheme, self._checkpoint.tokenizer
        if self.has_dummy_weights(runtime):
            return clap.DummyTokens(max_tokens=self.max_tokens, scheme=scheme)
        return clap.FileTokens(
            vocabulary=runtime.weights.path(entry, "vocab.json"),
            merges=runtime.weights.path(entry, "merges.txt"),
            max_tokens=self.max_tokens,
            scheme=scheme,
        )

    def _tokens(self, text: str) -> clap.Tokens:
        tokens: clap.Tokens = self._tokenizer([replace_surrogates(text)])
        return tokens

    def windows(self, media: str) -> Iterator[Window]:
        tokens = self._tokens(media)
        length = tokens.ids.shape[1]
        padded = padded_length(length, self.max_tokens)
        ids = np.full(padded, self._checkpoint.scheme.pad, np.int64)
        ids[:length] = tokens.ids[0].numpy()
        yield Window(inputs={"ids": ids, "mask": (np.arange(padded) < length).astype(np.int64)})

    def facts(self, media: str) -> Mapping[str, Any]:
        tokens = self._tokens(media)
        num_dropped = tokens.num_dropped[0]
        read = token_facts(num_tokens=tokens.ids.shape[1] + num_dropped, num_dropped=num_dropped)
        return {"model": self.model, **read}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": clap.text_features(self._net, batch["ids"], batch["mask"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": outputs[0]["embedding"]}, facts=facts)
