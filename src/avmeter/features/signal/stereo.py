"""How the sound of a clip is spread over two channels. No network, no weights."""

from __future__ import annotations

from dataclasses import asdict

from avmeter.dsp.stereo import EQUAL_CHANNELS, measure_stereo
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor


@register_extractor("stereo")
class StereoExtractor(ClipExtractor):
    """Facts: the measures of `dsp.stereo`, `num_channels` and `silent`; of mono those of two equal channels."""

    takes = "audio"

    def extract(self, media: MediaItem) -> Features:
        samples = media.audio(AudioSpec(sample_rate=None, mixdown="none"))
        track = media.audio_facts
        num_channels = int(samples.shape[0])
        if num_channels > 2:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"{media.name}: {num_channels} channels; left and right are of two",
                hint="mix it down to stereo first",
            )
        image = measure_stereo(samples, track.sample_rate) if num_channels == 2 else EQUAL_CHANNELS
        facts = {"num_channels": num_channels, "silent": track.is_silent and not track.phase_cancelled}
        return Features(facts={**asdict(image), **facts})
