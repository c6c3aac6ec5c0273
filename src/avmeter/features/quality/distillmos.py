"""Distill-MOS: the mean opinion score of speech, distilled from a network on XLS-R.

Source: Stahl and Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality
Assessment" (ICASSP 2025). 16 kHz mono, windows of 7.68 s at most 1 s apart; a shorter clip is padded with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.quality.base import band_facts, require_length
from avmeter.features.waveforms import zero_padded
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import distillmos
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = distillmos.SAMPLE_RATE
WINDOW = distillmos.WINDOW_LENGTH  # 122880 samples in a window of 7.68 s
_SPEC = AudioSpec(sample_rate=SAMPLE_RATE, resampler="sinc")


@register_extractor("distillmos")
class DistillMosExtractor(NetworkExtractor):
    """Fact `mos`, 1 to 5; `silent` and `high_band_only`: why to doubt it."""

    version = "2"
    takes = "audio"
    entries = ("distillmos",)
    batch_size = 1  # one window's activations already fill a core's cache: larger batches are 20% slower on a CPU

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return distillmos.build(), distillmos.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(_SPEC)
        require_length(waveform, SAMPLE_RATE, "Distill-MOS")
        for start in distillmos.window_starts(len(waveform)):
            samples = waveform[start : start + WINDOW]
            yield Window(
                inputs={"waveform": zero_padded(samples, WINDOW)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(samples) / SAMPLE_RATE,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return band_facts(media, media.audio(_SPEC))

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"quality": self._net(batch["waveform"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        mos = distillmos.clip_score([o["quality"] for o in outputs])
        return Features(facts={"mos": mos, **facts, "num_windows": len(windows)})
