"""EnCodec at 24 kHz: 128 numbers for every frame of 13 ms, before they are quantised.

Source: Défossez et al., "High Fidelity Neural Audio Compression" (2022); read as fadtk's `encodec-emb` reads it: the
whole sound at once, and a row for every frame. Above a minute it is read in windows of 30 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.media import MediaItem
from avmeter.nets import encodec
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MAX_WHOLE = 60 * encodec.SAMPLE_RATE
WINDOW = 30 * encodec.SAMPLE_RATE


@register_extractor("encodec")
class EncodecExtractor(SoundBackbone, NetworkExtractor):
    """Array `embedding` (E, 128): a row for every 320 samples.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    entries = ("encodec-24khz",)
    sample_rate = encodec.SAMPLE_RATE
    batch_size = 1
    gpu_batch_size = 16

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return encodec.build(), encodec.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        size = len(waveform) if len(waveform) <= MAX_WHOLE else WINDOW
        for start in range(0, len(waveform), size):
            piece = np.array(waveform[start : start + size], np.float32)
            yield Window(
                inputs={"waveform": piece},
                start_s=start / encodec.SAMPLE_RATE,
                duration_s=len(piece) / encodec.SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(batch["waveform"]).transpose(1, 2)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        rows = np.concatenate([o["embedding"] for o in outputs])
        return Features(arrays={"embedding": rows}, facts=facts_of_windows(windows, facts))
