"""NISQA v2: opinions on speech and on what spoils it.

Source: Mittag et al., "NISQA" (Interspeech 2021); `run_predict.py` of gabrielmittag/NISQA with `nisqa.tar`: mono at the
clip's own sample rate, a clip as a whole. Beyond 52 s, which the published program refuses, clips are cut and opinions
averaged by duration; the spectrogram is of the whole clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.dsp.nisqa import hop_length, nisqa_mel, num_frames
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import nisqa
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MIN_RATE = 8_000
"""Hz; the network was trained on narrowband speech and wider."""

_SPEC = AudioSpec(sample_rate=None)
_PIECE = (nisqa.MAX_SEGMENTS - 1) * nisqa.SEGMENT_HOP + nisqa.SEGMENT_FRAMES  # frames
_STEP = nisqa.MAX_SEGMENTS * nisqa.SEGMENT_HOP


@register_extractor("nisqa")
class NisqaExtractor(NetworkExtractor):
    """Facts `mos`, `noisiness`, `discontinuity`, `coloration`, `loudness`, about 1 to 5; `silent`: why to doubt."""

    takes = "audio"
    entries = ("nisqa",)
    batch_size = 1  # on the CPU a batch is no faster, and moves the last digits of the opinions in it

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return nisqa.build(), nisqa.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform, rate = media.audio(_SPEC), media.audio_facts.sample_rate
        if rate < MIN_RATE:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"sound at {rate} Hz; NISQA knows {MIN_RATE} Hz and more",
                hint="the clip is judged at its own rate: resample it to 48000 Hz to have its band judged",
            )
        if num_frames(len(waveform), rate) < nisqa.SEGMENT_FRAMES:
            least = (nisqa.SEGMENT_FRAMES - 1) * hop_length(rate)
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{len(waveform) / rate:.3f} s of sound; NISQA needs {least / rate:.2f} s",
            )
        mel = nisqa_mel(waveform, rate).numpy()
        frame_s = hop_length(rate) / rate
        for start in range(0, mel.shape[1] - nisqa.SEGMENT_FRAMES + 1, _STEP):
            piece = mel[:, start : start + _PIECE]
            num_segments = 1 + (piece.shape[1] - nisqa.SEGMENT_FRAMES) // nisqa.SEGMENT_HOP
            yield Window(
                inputs={"mel": np.ascontiguousarray(piece)},
                start_s=start * frame_s,
                duration_s=num_segments * nisqa.SEGMENT_HOP * frame_s,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        facts = media.audio_facts
        return {"sample_rate": facts.sample_rate, "silent": facts.is_silent, "high_band_only": False}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"opinions": self._net(batch["mel"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        opinions = np.average([o["opinions"] for o in outputs], axis=0, weights=[w.duration_s for w in windows])
        named = {name: float(value) for name, value in zip(nisqa.OUTPUTS, opinions, strict=True)}
        return Features(facts={**named, **facts, "num_windows": len(windows)})
