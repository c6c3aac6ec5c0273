"""When sounds begin in a clip, on the clock of its video."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.onset import SAMPLE_RATE, onset_times
from avmeter.features.base import ClipExtractor, Features
from avmeter.features.truncation import duration_mismatch
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor


@register_extractor("onsets")
class OnsetExtractor(ClipExtractor):
    """Array `times_s` (E,): seconds from the first frame (from the start of the track where there is no video).

    Facts `duration_s`, and `header_mismatch` of a file that is cut off.
    """

    version = "2"
    takes = "audio"

    def extract(self, media: MediaItem) -> Features:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE, clock="video"))
        return Features(
            arrays={"times_s": np.asarray(onset_times(waveform), np.float64)},
            facts={"duration_s": len(waveform) / SAMPLE_RATE, **duration_mismatch(media)},
        )
