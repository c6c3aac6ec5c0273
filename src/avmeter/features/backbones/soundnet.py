"""SoundNet-8: logits of 1000 objects and 401 scenes that go with a sound, and a 1024-d embedding, means over time.

Source: Aytar et al., "SoundNet" (NeurIPS 2016), as eborboihuc/SoundNet-tensorflow reads sound: 22.05 kHz, times 256,
and what is shorter than 20 s repeated up to that. Longer sound is cut into windows of 20 s, the last of which ends with
it; published programs read a sound whole, of any length. They read the first channel: a protocol here means its own way
of reading a waveform. Embeddings are the outputs of the seventh convolution (`conv7`) behind its ReLU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.nets import soundnet
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

WINDOW = 20 * soundnet.SAMPLE_RATE
_FULL_SCALE = 256.0


@register_extractor("soundnet")
class SoundnetExtractor(SoundBackbone, NetworkExtractor):
    """Mean `logits` (1000,) of objects, `scene_logits` (401,) and `embedding` (1024,) over windows of 20 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    entries = ("soundnet",)
    sample_rate = soundnet.SAMPLE_RATE
    batch_size = 4
    gpu_batch_size = 32

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return soundnet.build(), soundnet.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        last = max(len(waveform) - WINDOW, 0)
        for start in [*range(0, last, WINDOW), last]:
            piece = np.asarray(waveform[start : start + WINDOW], np.float32)
            yield Window(
                inputs={"waveform": np.resize(piece, WINDOW)},  # repeats it
                start_s=start / soundnet.SAMPLE_RATE,
                duration_s=len(piece) / soundnet.SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        embedding, objects, scenes = self._net(_FULL_SCALE * batch["waveform"])
        outputs = {"embedding": embedding, "logits": objects, "scene_logits": scenes}
        return {name: steps.mean(dim=2) for name, steps in outputs.items()}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {name: mean_over_windows(outputs, name) for name in outputs[0]}
        return Features(arrays=arrays, facts=facts_of_windows(windows, facts))
