"""ImageBind embedding of a text.

Source: Girdhar et al., "ImageBind" (2023), `data.py` and `SimpleTokenizer`: CLIP's byte-pair tokens, 77 of them with
begin and end, and the text tower's embedding of the end token. A longer text is cut off, and the facts say so. Where
the tokens differ from the published ones is said in `avmeter.nets.clip_tokens`.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from avmeter.features.byte_pairs import VOCABULARY_ENTRY, BytePairExtractor
from avmeter.features.imagebind.base import ImageBindTower
from avmeter.registry import register_extractor


@register_extractor("imagebind_text")
class ImageBindText(ImageBindTower, BytePairExtractor):
    """Array `embedding` (1024,); facts `num_tokens`, `num_dropped`, `truncated`."""

    tower = "text"
    entries = (*ImageBindTower.entries, VOCABULARY_ENTRY)
    extra = "imagebind"

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.text(batch["ids"])}
