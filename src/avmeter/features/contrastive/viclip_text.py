"""ViCLIP embedding of a text: 32 tokens with begin and end; a longer text is cut off, and the facts say so."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from avmeter.features.byte_pairs import VOCABULARY_ENTRY, BytePairExtractor
from avmeter.features.contrastive.base import ViClipTower
from avmeter.nets import viclip
from avmeter.registry import register_extractor


@register_extractor("viclip_text")
class ViClipText(ViClipTower, BytePairExtractor):
    """Array `embedding` (768,), of no particular length; facts `num_tokens`, `num_dropped`, `truncated`."""

    tower = "text"
    entries = (*ViClipTower.entries, VOCABULARY_ENTRY)
    extra = "clip"
    context_length = viclip.CONTEXT_LENGTH

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.text(batch["ids"])}
