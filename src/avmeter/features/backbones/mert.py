"""MERT: an embedding of music, the maximum over time of the last layer: 768 values of 95M, 1024 of 330M.

Source: Li et al., "MERT" (ICLR 2024), checkpoints v1. The maximum over time is that of MAD (i-need-sleep/mad), which
has it of the 330M network. The whole sound is read at once, mean 0 and variance 1, as published; above a minute, which
is more than it was trained on, in windows of 30 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.media import MediaItem
from avmeter.nets import mert
from avmeter.nets.keys import KeyMap
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MAX_WHOLE = 60 * mert.SAMPLE_RATE
WINDOW = 30 * mert.SAMPLE_RATE
_LEAST_VARIANCE = 1e-7
_SIZES = {"95m": mert.BASE, "330m": mert.LARGE}


@register_extractor("mert")
class MertExtractor(SoundBackbone, NetworkExtractor):
    """Array `embedding` (768,) or (1024,): the largest value of each channel over time.

    Args:
        size: "95m" or "330m".
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    option_names = ("size", *SoundBackbone.option_names)
    sample_rate = mert.SAMPLE_RATE
    min_samples = mert.MIN_SAMPLES
    batch_size = 1
    gpu_batch_size = 16

    def __init__(self, *, size: str = "95m", protocol: str = FASTVIDEO, duration_s: float | None = None) -> None:
        if size not in _SIZES:
            raise UsageError(f"mert: size is {size!r}", hint=f"one of {tuple(_SIZES)}")
        super().__init__(protocol=protocol, duration_s=duration_s)
        self.size = size

    def weights(self) -> tuple[str, ...]:
        return (f"mert-v1-{self.size}",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return mert.build(_SIZES[self.size]), mert.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        size = len(waveform) if len(waveform) <= MAX_WHOLE else WINDOW
        for start in [*range(0, len(waveform) - size, size), len(waveform) - size]:
            piece = np.array(waveform[start : start + size], np.float32)
            yield Window(
                inputs={"waveform": standardised(piece)},
                start_s=start / mert.SAMPLE_RATE,
                duration_s=size / mert.SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(batch["waveform"]).amax(dim=1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        largest = np.stack([o["embedding"] for o in outputs]).max(axis=0)
        return Features(arrays={"embedding": largest}, facts=facts_of_windows(windows, facts))


def standardised(waveform: np.ndarray) -> np.ndarray:
    """Return a waveform (N,) with mean 0 and variance 1, as `Wav2Vec2FeatureExtractor` does; silence stays silence."""
    found: np.ndarray = (waveform - waveform.mean()) / np.sqrt(waveform.var() + _LEAST_VARIANCE)
    return found
