"""Synchformer features of the sound: six per 0.64 s segment, segments every 0.32 s on the video's clock.

Source: Iashin et al., "Synchformer" (2024). 16 kHz mono by torchaudio's sinc resampler, log-mel of 65 frames and one
more that the protocols fill differently: "av-benchmark" with 0, "fastvideo" with the minimum over the clip's
segments, which moves the logits more than everything else between the two. Silence has no offset: a skip, where the
published programs score what the network makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.dsp.mel import synchformer_mel
from avmeter.features.base import Window
from avmeter.features.synchformer.base import (
    NUM_COMPARED,
    SynchformerTower,
    segments_to_encode,
)
from avmeter.features.truncation import duration_mismatch
from avmeter.media import AudioSpec, MediaItem, require_sound
from avmeter.protocols import AV_BENCHMARK, harness_of, read_length_s
from avmeter.registry import register_extractor

SAMPLE_RATE = 16_000
SEGMENT, STEP = 10_240, 5_120  # samples: a segment of 0.64 s every 0.32 s
MEL_FRAMES = 66
MEAN, STD = -4.2677393, 4.5689974  # of the log mel over AudioSet, as published
MIN_SAMPLES = SEGMENT + (NUM_COMPARED - 1) * STEP  # 76800, 4.8 s
_SEGMENTS_AT_ONCE = 64  # spectrograms in memory


@register_extractor("synchformer_audio")
class SynchformerAudio(SynchformerTower):
    """Arrays `features` (S, 6, 768) and `segments` (S,); fact `num_segments`, of the whole clip.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        whole: Encode every segment of clips above 15 s too.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad" (zeros).
    """

    version = "2"
    takes = "audio"
    batch_size = 32
    gpu_batch_size = 256
    part = "audio"

    def _unstretched(self, media: MediaItem) -> Any:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE, resampler="sinc", clock="video"))
        read_s = read_length_s(self.protocol)
        return waveform if read_s is None else waveform[: int(SAMPLE_RATE * read_s)]

    def _waveform(self, media: MediaItem) -> Any:
        waveform = self._unstretched(media)
        if len(waveform) >= MIN_SAMPLES:
            return waveform
        if self.short == "loop":
            return np.resize(waveform[:], MIN_SAMPLES)
        if self.short == "pad":
            return np.pad(waveform[:], (0, MIN_SAMPLES - len(waveform)))
        raise self.too_short(media, f"the sound lasts {len(waveform) / SAMPLE_RATE:.2f} s")

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self._waveform(media)
        require_sound(media)
        num_segments = (len(waveform) - SEGMENT) // STEP + 1
        encoded = set(segments_to_encode(num_segments, whole=self.whole))
        mels: list[np.ndarray] = []
        lowest = np.inf
        for first in range(0, num_segments, _SEGMENTS_AT_ONCE):
            numbers = range(first, min(first + _SEGMENTS_AT_ONCE, num_segments))
            pieces = np.stack([waveform[n * STEP : n * STEP + SEGMENT] for n in numbers])
            mel = synchformer_mel(torch.from_numpy(np.ascontiguousarray(pieces, np.float32))).numpy()
            lowest = min(lowest, float(mel.min()))
            mels.extend(m for n, m in zip(numbers, mel, strict=True) if n in encoded)
        fill = 0.0 if harness_of(self.protocol) == AV_BENCHMARK else lowest
        for number, mel in zip(sorted(encoded), mels, strict=True):
            padded = np.pad(mel, ((0, 0), (0, MEL_FRAMES - mel.shape[1])), constant_values=fill)
            yield Window(
                inputs={"mel": ((padded - MEAN) / (2 * STD)).astype(np.float32)},
                start_s=number * STEP / SAMPLE_RATE,
                duration_s=SEGMENT / SAMPLE_RATE,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        num_segments = (len(self._waveform(media)) - SEGMENT) // STEP + 1
        segments = segments_to_encode(num_segments, whole=self.whole)
        stretched = self.short if len(self._unstretched(media)) < MIN_SAMPLES else None
        return {
            "segments": segments,
            "num_segments": num_segments,
            "stretched": stretched,
            **duration_mismatch(media),
        }

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"features": self._net.audio_features(batch["mel"])}
