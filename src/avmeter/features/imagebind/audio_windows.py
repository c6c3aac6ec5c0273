"""ImageBind embeddings of the sound, window by window, on the clock of the video.

    [---------- 2 s ----------]
         [---------- 2 s ----------]            0.5 s later
                    [---------- 2 s ----------]   the last one ends with the sound

Source: JavisDiT, `eval/javisbench/src/dataset.py` (`AVScoreDataset`): windows of 2 s that overlap by 1.5 s, each read
as `imagebind_audio` reads its own.

Differs from it: a sound track that starts late keeps its place, where JavisBench reads a file without the container's
delay; a sound of less than one window is one short window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from avmeter.dsp.mel import IMAGEBIND
from avmeter.errors import UsageError
from avmeter.features.base import Features, Window
from avmeter.features.imagebind.base import SAMPLE_RATE, WINDOW_S, ImageBindAudioTower, number_option
from avmeter.media import MediaItem
from avmeter.registry import register_extractor


@register_extractor("imagebind_audio_windows")
class ImageBindAudioWindows(ImageBindAudioTower):
    """Arrays `embedding` (M, 1024), `start_s` (M,) and `duration_s` (M,); facts `header_mismatch` of a file cut off,
    `hears_silence`, and `sound_start_s` of a sound that starts late.

    Args:
        window_s: Length of a window, 2 s at most: more is not read at once.
        overlap_s: How much of it the next window reads again.
        channel: "first" as published, or "mean" of all channels.
        mean_removal: "running" as published, or "independent" for each window.

    Raises:
        UsageError: Windows that are too short or too long, or do not move on.
    """

    option_names = ("channel", "mean_removal", "window_s", "overlap_s")

    def __init__(
        self,
        *,
        window_s: float = WINDOW_S,
        overlap_s: float = 1.5,
        channel: str = "first",
        mean_removal: str = "running",
    ) -> None:
        super().__init__(channel=channel, mean_removal=mean_removal)
        hint = f"ImageBind reads 0.025 s to {WINDOW_S:g} s at once"
        self.window_s = number_option("window_s", window_s, hint=hint)
        self.overlap_s = number_option("overlap_s", overlap_s, hint="seconds, from 0 to less than `window_s`")
        if not IMAGEBIND.win_length / SAMPLE_RATE <= self.window_s <= WINDOW_S:
            raise UsageError(f"window_s is {window_s}", hint=hint)
        if not (self.overlap_s >= 0 and _num_samples(self.overlap_s) < _num_samples(self.window_s)):
            raise UsageError(f"overlap_s is {overlap_s}", hint=f"from 0 to less than `window_s`, {self.window_s:g}")

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self._waveform(media, clock="video")
        num_samples, size = waveform.shape[1], _num_samples(self.window_s)
        starts = [*range(0, num_samples - size, size - _num_samples(self.overlap_s)), max(0, num_samples - size)]
        cuts = [(start, min(start + size, num_samples)) for start in starts]
        for (start, end), mel in zip(cuts, self._mels(waveform, cuts), strict=True):
            yield Window(inputs={"mel": mel}, start_s=start / SAMPLE_RATE, duration_s=(end - start) / SAMPLE_RATE)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        start_s = media.audio_facts.start_s
        return {**super().facts(media), **({"sound_start_s": start_s} if start_s > 0 else {})}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={
                "embedding": np.stack([o["embedding"] for o in outputs]),
                "start_s": np.array([w.start_s for w in windows]),
                "duration_s": np.array([w.duration_s for w in windows]),
            },
            facts=facts,
        )


def _num_samples(duration_s: float) -> int:
    return int(duration_s * SAMPLE_RATE)
