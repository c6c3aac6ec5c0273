"""UTMOS: the mean opinion score of synthetic speech, by the strong learner of UTokyo and Saruwatari's laboratory.

Source: Saeki et al., "UTMOS" (Interspeech 2022); `utmos22_strong` of SpeechMOS 1.2.0: 16 kHz mono, a clip as a whole.
Beyond 30 s, which the published program reads whole as well, clips are cut and scores averaged by duration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.quality.base import band_facts, require_length
from avmeter.features.waveforms import pieces_of
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import utmos
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = utmos.SAMPLE_RATE
_SPEC = AudioSpec(sample_rate=SAMPLE_RATE, resampler="sinc")


@register_extractor("utmos")
class UtmosExtractor(NetworkExtractor):
    """Fact `mos`, about 1 to 5; `silent` and `high_band_only`: why to doubt it."""

    takes = "audio"
    entries = ("utmos22",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return utmos.build(), utmos.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(_SPEC)
        require_length(waveform, SAMPLE_RATE, "UTMOS", least=utmos.MIN_SAMPLES)
        yield from pieces_of(waveform, SAMPLE_RATE)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return band_facts(media, media.audio(_SPEC))

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"mos": self._net(batch["waveform"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        mos = np.average([float(o["mos"]) for o in outputs], weights=[w.duration_s for w in windows])
        return Features(facts={"mos": float(mos), **facts, "num_windows": len(windows)})
