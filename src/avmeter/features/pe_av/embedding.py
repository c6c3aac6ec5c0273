"""PE-AV's embeddings of sound, of video, and of both together.

Source: Vyas et al. (2025); `PeAudioVideoModel` of transformers. Sound and video are assumed to be equally long: where
there are more vectors of one, the other's are repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from avmeter.errors import UnknownNameError
from avmeter.features.base import DerivedExtractor, Extractor, Features, Window
from avmeter.features.pe_av.base import PeAvPart
from avmeter.features.pe_av.codec import PeAvCodec
from avmeter.features.pe_av.frame import PeAvFrame
from avmeter.registry import register_extractor

MODALITIES: Mapping[str, tuple[str, ...]] = {
    "audio": ("audio",),
    "video": ("video",),
    "audio_video": ("audio", "video"),
}


@register_extractor("pe_av_embedding")
class PeAvEmbedding(PeAvPart, DerivedExtractor):
    """Arrays (E,) `audio`, `video` and `audio_video`, as far as there are such parents; facts of both.

    Args:
        model: As `PeAvPart`.
        modalities: What is embedded: "audio", "video", or "audio_video": each alone, and both together.
    """

    part = "towers"
    option_names = ("model", "modalities")
    batch_size = 8

    def __init__(self, *, model: str | None = None, modalities: str = "audio_video") -> None:
        super().__init__(model=model)
        if modalities not in MODALITIES:
            raise UnknownNameError.among("modalities", modalities, MODALITIES)
        self.modalities = modalities

    def parents(self) -> Mapping[str, Extractor]:
        extractors = {"audio": PeAvCodec, "video": PeAvFrame}
        return {name: extractors[name](model=self.model) for name in MODALITIES[self.modalities]}

    def windows(self, media: Mapping[str, Features]) -> Iterator[Window]:
        yield Window(inputs={name: features["vectors"] for name, features in media.items()})

    def facts(self, media: Mapping[str, Features]) -> Mapping[str, Any]:
        own = {"model": self.model if self.user_folder is None else self.user_folder.name}
        return own | {k: v for features in media.values() for k, v in features.facts.items()}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        embeddings: Mapping[str, Tensor] = self._net(audio=batch.get("audio"), video=batch.get("video"))
        return embeddings

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays=outputs[0], facts=facts)
