"""How loud the part of a sound is that the mouth shapes, 25 times a second, on the clock of the video."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.band_level import SAMPLE_RATE, band_levels
from avmeter.features.base import ClipExtractor, Features
from avmeter.media import AudioSpec, MediaItem, require_sound
from avmeter.registry import register_extractor


@register_extractor("speech_envelope")
class SpeechEnvelope(ClipExtractor):
    """Array `level` (T,) float32: amplitude from 500 to 4000 Hz in every 1/25 s from the first frame on."""

    takes = "audio"

    def extract(self, media: MediaItem) -> Features:
        require_sound(media)
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE, clock="video"))
        return Features(arrays={"level": band_levels(waveform).astype(np.float32)})
