"""Loudness after ITU-R BS.1770 / EBU R 128, and the health of a sound track. No network, no weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.dsp.channel_weights import loudness_weights
from avmeter.dsp.loudness import LoudnessMeter
from avmeter.features.base import ClipExtractor, Features
from avmeter.media import AudioSpec, MediaItem
from avmeter.media.audio_health import bandwidth_hz, clipping_share, dc_offset, silence_share
from avmeter.registry import register_extractor

_BLOCK = 1 << 20


@register_extractor("loudness")
class LoudnessExtractor(ClipExtractor):
    """Facts: integrated loudness, range, peaks; share of silence and of clipping, DC offset, bandwidth."""

    version = "2"
    takes = "audio"

    def extract(self, media: MediaItem) -> Features:
        samples = media.audio(AudioSpec(sample_rate=None, mixdown="none"))
        rate = media.audio_facts.sample_rate
        weights = loudness_weights(media.audio_facts.layout) if media.audio_facts.layout else None
        meter = LoudnessMeter(sample_rate=rate, num_channels=samples.shape[0], channel_weights=weights)
        for block in _blocks(samples):
            media.check_in()
            meter.update(block)
        loudness = meter.finish()
        facts: dict[str, Any] = {
            "integrated_lufs": loudness.integrated_lufs,
            "range_lu": loudness.range_lu,
            "momentary_max_lufs": loudness.momentary_max_lufs,
            "short_term_max_lufs": loudness.short_term_max_lufs,
            "true_peak_dbtp": loudness.true_peak_dbtp,
            "sample_peak_dbfs": loudness.sample_peak_dbfs,
            "duration_s": loudness.duration_s,
            "num_channels": int(samples.shape[0]),
            "sample_rate": rate,
            "reasons": {k: [str(code), text] for k, (code, text) in loudness.reasons.items()},
            **sound_health(samples, rate),
            "phase_cancelled": media.audio_facts.phase_cancelled,
            "num_over_full_scale": media.audio_facts.num_over_full_scale,
        }
        return Features(facts=facts)


def sound_health(samples: Any, sample_rate: int) -> dict[str, float | None]:
    """Measure silence, clipping, DC offset and bandwidth of sound (C, N), each of the channel where it is worst."""
    channels = [_Channel(samples, c) for c in range(samples.shape[0])]
    silence = [silence_share(c, sample_rate) for c in channels]
    offsets = [dc_offset(c) or 0.0 for c in channels]
    bandwidths = [b for c in channels if (b := bandwidth_hz(c, sample_rate)) is not None]
    return {
        # A clip is as silent as its least silent channel.
        "silence_share": min((s for s in silence if s is not None), default=None),
        "clipping_share": max(clipping_share(c) or 0.0 for c in channels),
        "dc_offset": max(offsets, key=abs),
        "bandwidth_hz": max(bandwidths, default=None),
    }


class _Channel:
    """One channel of sound (C, N), read by slices: the whole of it may not fit into memory."""

    def __init__(self, samples: Any, channel: int) -> None:
        self._samples = samples
        self._channel = channel

    def __len__(self) -> int:
        return int(self._samples.shape[1])

    def __getitem__(self, part: slice) -> npt.NDArray[np.float32]:
        return np.asarray(self._samples[self._channel, part])


def _blocks(samples: Any) -> Iterator[npt.NDArray[np.float32]]:
    for start in range(0, samples.shape[1], _BLOCK):
        yield np.asarray(samples[:, start : start + _BLOCK])
