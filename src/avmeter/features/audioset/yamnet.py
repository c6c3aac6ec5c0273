"""YAMNet, a small AudioSet tagger: logits of 521 classes and a 1024-d embedding, means over 0.96 s patches.

Source: Plakal and Ellis, "YAMNet" (TensorFlow model garden). A backbone that runs with real weights anywhere;
published results use PaSST or PANNs instead. A protocol means its way of reading a waveform; the network depends on
level, and a clip 20 dB down is another sound to it unless "fastvideo" normalises the peak. As upstream, a clip shorter
than a patch is followed by silence; unlike there, so is not the rest of a longer clip, less than 0.48 s, which is left
out: silence would weigh as much in the mean as sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.dsp.mel import VGGISH, yamnet_patches
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.nets import yamnet
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = VGGISH.sample_rate
PATCH_HOP = 48  # mel frames of 10 ms: a patch of 0.96 s every 0.48 s
WINDOW = VGGISH.win_length + (yamnet.NUM_FRAMES - 1) * VGGISH.hop_length  # samples under the frames of a patch
# Convolutions on the CPU round by the size of a batch, not by the place in it: batches of one size, silence behind the
# last patches, give a patch the same bits in every run, in less than half the time of patches one by one.
CPU_BATCH = 16
HOP = PATCH_HOP * VGGISH.hop_length  # samples from one patch to the next


@register_extractor("yamnet")
class YamnetExtractor(SoundBackbone, NetworkExtractor):
    """Mean logits (521,) and mean embedding (1024,) over patches of 0.96 s every 0.48 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    version = "4"
    entries = ("yamnet",)
    sample_rate = SAMPLE_RATE
    min_samples = VGGISH.win_length
    batch_size = CPU_BATCH

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return yamnet.build(), yamnet.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        for start in range(0, max(len(waveform) - WINDOW, 0) + 1, HOP):
            piece = waveform[start : start + WINDOW]
            patch = np.zeros(WINDOW, np.float32)
            patch[: len(piece)] = piece
            yield Window(inputs={"waveform": patch}, start_s=start / SAMPLE_RATE, duration_s=len(piece) / SAMPLE_RATE)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        waveforms = batch["waveform"]
        if waveforms.device.type != "cpu":
            return self._tag(waveforms)
        filled = functional.pad(waveforms, (0, 0, 0, -len(waveforms) % CPU_BATCH))
        parts = [self._tag(part) for part in torch.unflatten(filled, 0, (-1, CPU_BATCH))]
        return {name: torch.cat([part[name] for part in parts])[: len(waveforms)] for name in parts[0]}

    def _tag(self, waveforms: Tensor) -> Mapping[str, Tensor]:
        embedding, logits = self._net(yamnet_patches(waveforms))
        return {"embedding": embedding, "logits": logits}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {name: mean_over_windows(outputs, name) for name in outputs[0]}
        return Features(arrays=arrays, facts=facts_of_windows(windows, facts))
