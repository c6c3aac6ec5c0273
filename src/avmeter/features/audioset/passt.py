"""PaSST: logits of 527 AudioSet classes and a 768-d embedding from one pass per window.

Source: Koutini et al., "Efficient Training of Audio Transformers with Patchout" (2022), checkpoint
`passt_s_swa_p16_128_ap476`.

Windows, protocol "fastvideo": 10 s every 5 s from 0, as long as one brings sound that the window before did not
reach; logits are their mean, the embedding is that of the first 10 s. Less than one mel frame (10 ms) of new sound
makes no window here; it does in the published code, whose score jumps there by one sample more. A clip of up to 1.5 s
is padded to 10 s for the embedding, but its logits are taken unpadded, as published. Protocol "av-benchmark": one
window, the first 8 s (or as many as it names) padded to 10 s or cut there, for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.mel import passt_mel
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone
from avmeter.features.truncation import EMBEDDING_UNREAD, unread
from avmeter.features.waveforms import mean_over_windows, zero_padded
from avmeter.media import MediaItem
from avmeter.nets import passt
from avmeter.nets.keys import KeyMap
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, harness_of
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = 32_000
WINDOW = 10 * SAMPLE_RATE  # 320000 samples in a 10-second window
HOP = 5 * SAMPLE_RATE  # 160000 samples from one window to the next
FRAME = 320  # samples from one mel frame to the next, 10 ms
MAX_UNPADDED = int(0.15 * WINDOW)  # 48000 samples, 1.5 s
# 16 mel frames make the first patch; below that there is nothing to classify.
MIN_UNPADDED = 16 * FRAME  # 5120 samples, 0.16 s


@register_extractor("passt")
class PasstExtractor(SoundBackbone, NetworkExtractor):
    """Arrays `logits` (527,) and `embedding` (768,). `logits` is absent for clips under 0.16 s ("fastvideo").

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    version = "2"
    entries = ("passt",)
    sample_rate = SAMPLE_RATE
    batch_size = 16
    is_recordable = True

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return passt.build(), passt.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        length = len(waveform)
        last_start = 0 if harness_of(self.protocol) == AV_BENCHMARK else max(0, length - HOP - FRAME)
        for start in range(0, last_start + 1, HOP):
            piece = waveform[start : start + WINDOW]
            yield Window(
                inputs={"waveform": zero_padded(piece, WINDOW)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )
        if self.protocol == FASTVIDEO and MIN_UNPADDED <= length <= MAX_UNPADDED:
            yield Window(
                inputs={"waveform": np.array(waveform[:], np.float32)}, start_s=0.0, duration_s=length / SAMPLE_RATE
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        embedded_s = min(WINDOW, len(self.waveform(media))) / SAMPLE_RATE
        return {**super().facts(media), **unread(media, embedded_s, name=EMBEDDING_UNREAD)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        output = self._net(passt_mel(batch["waveform"])[:, None])
        return {"logits": output.logits, "embedding": output.embedding}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {"embedding": outputs[0]["embedding"]}
        end_s = max(w.start_s + w.duration_s for w in windows)
        short = self.protocol == FASTVIDEO and round(end_s * SAMPLE_RATE) <= MAX_UNPADDED
        if not short:
            arrays["logits"] = mean_over_windows(outputs, "logits")
        elif len(outputs) == 2:
            arrays["logits"] = outputs[1]["logits"]
        return Features(arrays=arrays, facts={**facts, "used_seconds": round(end_s, 4), "num_windows": len(windows)})
