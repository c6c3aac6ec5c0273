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
from avmeter.features.audioset.base import TorchAudioSetExtractor
from avmeter.features.base import Features, Window
from avmeter.media import MediaItem
from avmeter.nets import vggish
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor

SAMPLE_RATE = VGGISH.sample_rate
HOP = VGGISH_EXAMPLE_FRAMES * VGGISH.hop_length
WINDOW = VGGISH.win_length + HOP - VGGISH.hop_length


@register_extractor("vggish")
class VggishExtractor(TorchAudioSetExtractor):
    """Array `embedding` (E, 128), one row per example of 0.96 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    name = "vggish"
    entry = "vggish"
    sample_rate = SAMPLE_RATE
    shortest = WINDOW
    batch_size = 64

    def network(self) -> tuple[nn.Module, KeyMap]:
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
            facts={"used_seconds": round(used, 4), "num_windows": len(windows)},
        )
