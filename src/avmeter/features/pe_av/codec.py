"""Sound as PE-AV's codec encodes it: one vector every 0.04 s.

Source: Vyas et al. (2025); `PeAudioFeatureExtractor` of transformers. 48 kHz mono; the end is reflected up to a whole
number of vectors. The waveform is neither normalised nor cut, so clips share a batch where they are equally long:
the convolutions would read padding. Digital silence is a skip, where the published code embeds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.pe_av.base import PeAvPart
from avmeter.features.truncation import duration_mismatch
from avmeter.media import AudioSpec, MediaItem, require_sound
from avmeter.nets.pe_av import SAMPLE_RATE, CodecConfig
from avmeter.registry import register_extractor

HOP = CodecConfig().hop_length  # 1920 samples, 0.04 s, for each vector


@register_extractor("pe_av_codec")
class PeAvCodec(PeAvPart):
    """Array `vectors` (T, 128); fact `sound_s`. Options as `PeAvPart`."""

    takes = "audio"
    part = "codec"
    batch_size = 2
    gpu_batch_size = 8

    def windows(self, media: MediaItem) -> Iterator[Window]:
        require_sound(media)
        waveform = np.asarray(media.audio(AudioSpec(sample_rate=SAMPLE_RATE))[:], np.float32)
        if len(waveform) < HOP:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: the sound lasts {len(waveform) / SAMPLE_RATE:.3f} s; PE-AV needs "
                f"{HOP / SAMPLE_RATE:g} s",
            )
        yield Window(inputs={"waveform": reflect_end(waveform)[None]}, duration_s=len(waveform) / SAMPLE_RATE)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return duration_mismatch(media)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"vectors": self._net(batch["waveform"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={"vectors": outputs[0]["vectors"]}, facts={"sound_s": round(windows[0].duration_s, 4), **facts}
        )


def reflect_end(waveform: np.ndarray) -> np.ndarray:
    """Pad a waveform (N,) up to a multiple of the hop by reflecting its end."""
    return np.pad(waveform, (0, -len(waveform) % HOP), "reflect")
