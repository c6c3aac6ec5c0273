"""VGGish: a 128-d embedding of every 0.96 s, each of them a row of the corpus.

Source: Hershey et al., "CNN Architectures for Large-Scale Audio Classification" (2017), torchvggish checkpoint, read
as av-benchmark reads it: no ReLU after the last layer, no PCA, no quantisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.mel import VGGISH, VGGISH_EXAMPLE_FRAMES, vggish_examples
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone
from avmeter.media import MediaItem
from avmeter.nets import vggish
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = VGGISH.sample_rate
HOP = VGGISH_EXAMPLE_FRAMES * VGGISH.hop_length  # 15360 samples, 0.96 s, from one example to the next
WINDOW = VGGISH.win_length + HOP - VGGISH.hop_length  # 15600 samples under the 96 frames of an example


@register_extractor("vggish")
class VggishExtractor(SoundBackbone, NetworkExtractor):
    """Array `embedding` (E, 128), one row per example of 0.96 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    entries = ("vggish",)
    sample_rate = SAMPLE_RATE
    min_samples = WINDOW
    batch_size = 64

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return vggish.build(), vggish.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        for start in range(0, len(waveform) - WINDOW + 1, HOP):
            yield Window(
                inputs={"waveform": np.array(waveform[start : start + WINDOW], np.float32)},
                start_s=start / SAMPLE_RATE,
                duration_s=0.96,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(vggish_examples(batch["waveform"])[:, 0])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        used = windows[-1].start_s + windows[-1].duration_s
        return Features(
            arrays={"embedding": np.stack([o["embedding"] for o in outputs])},
            facts={**facts, "used_seconds": round(used, 4), "num_windows": len(windows)},
        )
