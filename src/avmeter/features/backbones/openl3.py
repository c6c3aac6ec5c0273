"""OpenL3: a 512-d embedding of every second of each channel, every half second, as stable-audio-metrics has it.

Source: Cramer et al., "Look, Listen, and Learn More" (ICASSP 2019), network of 256 mel bands and 512 values with its
front end of kapre; read as `extract_embeddings` of Stability-AI/stable-audio-metrics reads it for Stable Audio: peak to
-1 dBFS, libsoxr HQ to 44.1 kHz, resampy's `kaiser_best` to 48 kHz, half a second of silence in front, silence behind up
to a whole hop. The embeddings of left and right stand in one row; of mono, twice the same.

Its peak is that before resampling, here that behind it. OpenL3 hears levels only near digital silence: a spectrogram is
relative to its own largest value. Of more than two channels the first two are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.mel import OPENL3, openl3_mel
from avmeter.dsp.resample import KAISER_BEST, resample_stream
from avmeter.errors import UsageError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.sound_backbone import SoundBackbone, facts_of_windows
from avmeter.features.truncation import duration_mismatch
from avmeter.features.waveforms import PEAK_DBFS, silent
from avmeter.media import AudioSpec, MediaItem
from avmeter.media.spool import MEBIBYTE, ChannelView, Spool
from avmeter.nets import openl3
from avmeter.nets.keys import KeyMap
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, harness_of
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

BANDWIDTH_RATE = 44_100  # Hz, at which Stable Audio compares
WINDOW = OPENL3.sample_rate  # samples: a second
HOP = WINDOW // 2
_BLOCK_SAMPLES = 1 << 21  # 48 s
_MOST_IN_MEMORY = 64 * MEBIBYTE
CONTENTS = ("env", "music")


@register_extractor("openl3")
class Openl3Extractor(SoundBackbone, NetworkExtractor):
    """Array `embedding` (E, 1024) of left and right, or (E, 512) of their mean: a row for every half second.

    Args:
        content: Videos that the network was trained on: "env" or "music".
        stereo: Whether a row has both channels.
        protocol: "fastvideo", which reads as stable-audio-metrics does, or "av-benchmark", which reads the mono mix.
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    option_names = ("content", "stereo", *SoundBackbone.option_names)
    sample_rate = OPENL3.sample_rate
    batch_size = 8
    gpu_batch_size = 128

    def __init__(
        self,
        *,
        content: str = "env",
        stereo: bool = True,
        protocol: str = FASTVIDEO,
        duration_s: float | None = None,
    ) -> None:
        if content not in CONTENTS:
            raise UsageError(f"openl3: content is {content!r}", hint=f"one of {CONTENTS}")
        super().__init__(protocol=protocol, duration_s=duration_s)
        self.content, self.stereo = content, stereo

    def weights(self) -> tuple[str, ...]:
        return (f"openl3-mel256-{self.content}",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return openl3.build(), openl3.KEY_MAP

    def channels(self, media: MediaItem) -> Any:
        """Read the sound (C, N) at 48 kHz; one channel of mono, however many a row has.

        Raises:
            SkipError: It is silent where the protocol cannot read silence.
        """
        if harness_of(self.protocol) == AV_BENCHMARK:
            return np.asarray(self.waveform(media)[:])[None]
        spec = AudioSpec(sample_rate=BANDWIDTH_RATE, mixdown="none" if self.stereo else "mean", peak_dbfs=PEAK_DBFS)
        waveform = media.audio(spec)
        num_samples = waveform.shape[-1]

        def blocks() -> Iterator[np.ndarray]:
            for start in range(0, num_samples, _BLOCK_SAMPLES):
                part = slice(start, start + _BLOCK_SAMPLES)
                yield waveform[:2, part].T if self.stereo else waveform[part][:, None]

        if not any(block.any() for block in blocks()):
            raise silent(media, num_samples)
        stream = resample_stream(
            blocks(),
            sample_rate=BANDWIDTH_RATE,
            to_rate=OPENL3.sample_rate,
            kernel=KAISER_BEST,
            block_samples=_BLOCK_SAMPLES,
        )
        num_channels = min(len(waveform), 2) if self.stereo else 1
        upsampled = Spool((num_channels,), limit_bytes=_MOST_IN_MEMORY)
        for block in stream:
            upsampled.append(block[: num_samples * OPENL3.sample_rate // BANDWIDTH_RATE - len(upsampled)])
        return ChannelView(upsampled)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return super().facts(media) if harness_of(self.protocol) == AV_BENCHMARK else duration_mismatch(media)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.channels(media)
        num_samples = waveform.shape[1]
        for start in range(-HOP, max(num_samples - WINDOW, -HOP) + HOP, HOP):
            piece = waveform[:, max(0, start) : start + WINDOW]
            window = np.zeros((len(waveform), WINDOW), np.float32)
            window[:, max(0, -start) : max(0, -start) + piece.shape[1]] = piece
            yield Window(
                inputs={"waveform": window},
                start_s=max(0, start) / OPENL3.sample_rate,
                duration_s=piece.shape[1] / OPENL3.sample_rate,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        channels = batch["waveform"]
        rows = self._net(openl3_mel(channels.flatten(0, 1)))
        return {"embedding": rows.unflatten(0, channels.shape[:2]).flatten(1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        rows = np.stack([o["embedding"] for o in outputs])
        if self.stereo and rows.shape[1] == openl3.EMBEDDING_DIM:
            rows = np.tile(rows, 2)
        return Features(arrays={"embedding": rows}, facts=facts_of_windows(windows, facts))
