"""CLIP embedding of a text: 77 tokens with begin and end; a longer text is cut off, and the facts say so."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from avmeter.features.byte_pairs import VOCABULARY_ENTRY, BytePairExtractor
from avmeter.features.contrastive.base import ClipTower
from avmeter.registry import register_extractor


@register_extractor("clip_text")
class ClipText(ClipTower, BytePairExtractor):
    """Array `embedding` (E,), of no particular length; facts `num_tokens`, `num_dropped`, `truncated`."""

    tower = "text"
    entries = (VOCABULARY_ENTRY,)
    extra = "clip"

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.text(batch["ids"])}
