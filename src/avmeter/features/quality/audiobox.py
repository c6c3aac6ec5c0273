"""Audiobox Aesthetics: content enjoyment, content usefulness, production complexity, production quality.

Source: Tjandra et al., "Meta Audiobox Aesthetics" (2025). 16 kHz mono, windows of 10 s without overlap, the last one
padded with zeros and weighted by what is real in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.quality.base import band_facts
from avmeter.features.waveforms import zero_padded
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import audiobox
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = audiobox.SAMPLE_RATE
WINDOW = audiobox.WINDOW_LENGTH  # 160000 samples in a 10-second window
_SPEC = AudioSpec(sample_rate=SAMPLE_RATE, resampler="sinc")


@register_extractor("audiobox")
class AudioboxExtractor(NetworkExtractor):
    """Facts CE, CU, PC, PQ: scores of about 1 to 10; `silent` and `high_band_only`: why to doubt them."""

    version = "2"
    takes = "audio"
    entries = ("audiobox",)
    batch_size = 8
    is_recordable = True

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return audiobox.build(), audiobox.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(_SPEC)
        for start in range(0, len(waveform), WINDOW):
            piece = waveform[start : start + WINDOW]
            yield Window(
                inputs={"waveform": zero_padded(piece, WINDOW), "mask": np.arange(WINDOW) < len(piece)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return band_facts(media, media.audio(_SPEC))

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"raw": self._net(batch["waveform"], batch["mask"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        lengths = [round(w.duration_s * SAMPLE_RATE) for w in windows]
        scores = audiobox.clip_scores([o["raw"] for o in outputs], lengths)
        by_axis = {axis: float(score) for axis, score in zip(audiobox.AXES, scores, strict=True)}
        return Features(
            facts={**by_axis, **facts, "num_windows": len(windows), "used_seconds": sum(lengths) / SAMPLE_RATE}
        )
