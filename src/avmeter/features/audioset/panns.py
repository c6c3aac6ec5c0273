"""PANNs Cnn14 at 16 kHz: logits of 527 AudioSet classes and a 2048-d embedding.

Source: Kong et al., "PANNs" (2020), checkpoint `Cnn14_16k_mAP=0.438`; read as av-benchmark reads it. Protocol
"fastvideo" has no PANNs of its own: it means its own way of reading a waveform (peak normalised, soxr, whole clip).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.mel import PANNS_16K, panns_logmel
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.nets import panns
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = PANNS_16K.sample_rate
MAX_WHOLE = 60 * SAMPLE_RATE  # samples in a minute; longer clips are read in windows
WINDOW = 10 * SAMPLE_RATE  # samples in a 10-second window


@register_extractor("panns")
class PannsExtractor(SoundBackbone, NetworkExtractor):
    """Arrays `logits` (527,) and `embedding` (2048,) of the whole clip, as published.

    Above one minute, which no published harness scores, they are means over windows of 10 s, the last of which ends
    where the clip ends, so that memory stays bounded.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    version = "2"
    entries = ("panns-cnn14-16k",)
    sample_rate = SAMPLE_RATE
    # Five halvings of the time axis must leave one frame.
    min_samples = 32 * PANNS_16K.hop_length
    batch_size = 16

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return panns.build(), panns.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        length = len(waveform)
        size = length if length <= MAX_WHOLE else WINDOW
        starts = [*range(0, length - size, size), length - size]
        for start in starts:
            yield Window(
                inputs={"waveform": np.array(waveform[start : start + size], np.float32)},
                start_s=start / SAMPLE_RATE,
                duration_s=size / SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        output = self._net(panns_logmel(batch["waveform"])[:, None])
        return {"logits": output.logits, "embedding": output.embedding}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {name: mean_over_windows(outputs, name) for name in ("logits", "embedding")}
        used = windows[-1].start_s + windows[-1].duration_s
        return Features(arrays=arrays, facts={**facts, "used_seconds": round(used, 4), "num_windows": len(windows)})
