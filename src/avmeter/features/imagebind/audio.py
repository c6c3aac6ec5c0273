"""ImageBind embedding of the sound.

Source: Girdhar et al., "ImageBind" (2023), `data.py`. Three windows of 2 s spread over the sound, each less its mean
over all channels, then a Kaldi filterbank of the first channel only. The published code removes the mean in place, so
that windows that overlap read what the earlier one left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from avmeter.features.base import Features, Window
from avmeter.features.imagebind.base import SAMPLE_RATE, WINDOW_S, ImageBindAudioTower, window_starts
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.registry import register_extractor

NUM_WINDOWS = 3


@register_extractor("imagebind_audio")
class ImageBindAudio(ImageBindAudioTower):
    """Array `embedding` (1024,); facts `num_windows`, and `header_mismatch` of a file that is cut off, `hears_silence`.

    Args:
        channel: "first" as published, or "mean" of all channels.
        mean_removal: "running" as published, or "independent" for each window.
        protocol: Both published protocols are the same here.
    """

    version = "2"

    def __init__(self, *, channel: str = "first", mean_removal: str = "running", protocol: str = FASTVIDEO) -> None:
        super().__init__(channel=channel, mean_removal=mean_removal)
        check_protocol(protocol)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self._waveform(media, clock="track")
        num_samples = waveform.shape[1]
        starts = window_starts(num_samples / SAMPLE_RATE, NUM_WINDOWS)
        cuts = [(int(s * SAMPLE_RATE), min(int((s + WINDOW_S) * SAMPLE_RATE), num_samples)) for s in starts]
        for start_s, (start, end), mel in zip(starts, cuts, self._mels(waveform, cuts), strict=True):
            yield Window(inputs={"mel": mel}, start_s=start_s, duration_s=(end - start) / SAMPLE_RATE)

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        facts = {**facts, "num_windows": len(windows)}
        return Features(arrays={"embedding": mean_over_windows(outputs, "embedding")}, facts=facts)
