"""aiSFX: a 512-d embedding of sound effects, the mean over windows of 2.3 s every 1.2 s.

Source: Ma and Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries" (ISMIR 2022), as
aiSFX 0.1.2 computes it with Essentia: frames of 46 ms every 23 ms, centred, windows of 100 frames every 50, a rest of
less than a window left out, and silence behind a sound that is shorter than one. It depends on level: protocol
"fastvideo" normalises the peak, which the published program does not. The mean over windows is this package's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.mel import AISFX, aisfx_mel
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.nets import aisfx
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

WINDOW_HOP = aisfx.NUM_FRAMES // 2  # frames
WINDOW = AISFX.win_length + (aisfx.NUM_FRAMES - 1) * AISFX.hop_length  # samples under the frames of a window


@register_extractor("aisfx")
class AisfxExtractor(SoundBackbone, NetworkExtractor):
    """Mean embedding (512,) over windows of 2.3 s every 1.2 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    entries = ("aisfx",)
    sample_rate = AISFX.sample_rate
    min_samples = (WINDOW_HOP - 1) * AISFX.hop_length + 1  # half a window, of which the published program wants more
    batch_size = 8

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return aisfx.build(), aisfx.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        for first in range(0, max(num_frames(len(waveform)) - aisfx.NUM_FRAMES, 0) + 1, WINDOW_HOP):
            start = first * AISFX.hop_length - AISFX.win_length // 2  # the first frame is centred on the first sample
            piece = waveform[max(0, start) : start + WINDOW]
            window = np.zeros(WINDOW, np.float32)
            window[max(0, -start) : max(0, -start) + len(piece)] = piece
            yield Window(
                inputs={"waveform": window},
                start_s=max(0, start) / AISFX.sample_rate,
                duration_s=len(piece) / AISFX.sample_rate,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(aisfx_mel(batch["waveform"]))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={"embedding": mean_over_windows(outputs, "embedding")},
            facts=facts_of_windows(windows, facts),
        )


def num_frames(num_samples: int) -> int:
    """Return how many frames Essentia cuts of N >= 1 samples: the last is centred less than a hop behind the end."""
    return 1 - (-num_samples // AISFX.hop_length)
