"""ImageBind embedding of the sound.

Source: Girdhar et al., "ImageBind" (2023), `data.py`. Three clips of 2 s spread over the sound, each less its mean over
all channels, then a Kaldi filterbank of the first channel only. The published code removes the mean in place, so that
clips that overlap see what the earlier one left behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.dsp.mel import IMAGEBIND, imagebind_mel
from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features._waveforms import mean_arrays
from avmeter.features.base import Features, Runtime, Window, WindowExtractor, load_network
from avmeter.features.imagebind_video import CLIP_S, ENTRY, clip_starts
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import imagebind
from avmeter.registry import register_extractor

SAMPLE_RATE = IMAGEBIND.sample_rate
NUM_CLIPS = 3
CHANNELS = ("first", "mean")
MEAN_REMOVAL = ("running", "independent")


@register_extractor("imagebind_audio")
class ImageBindAudio(WindowExtractor):
    """Array `embedding` (1024,).

    Args:
        channel: "first" as published, or "mean" of all channels.
        mean_removal: "running" as published, or "independent" for each clip.
        protocol: Both published protocols are the same here.
    """

    name = "imagebind_audio"
    takes = "audio"
    batch_size = 24
    half_weights = True

    def __init__(self, *, channel: str = "first", mean_removal: str = "running", protocol: str = "fastvideo") -> None:
        if channel not in CHANNELS:
            raise UnknownNameError.among("channel rule", channel, CHANNELS)
        if mean_removal not in MEAN_REMOVAL:
            raise UnknownNameError.among("mean removal", mean_removal, MEAN_REMOVAL)
        self.channel = channel
        self.mean_removal = mean_removal
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"channel": self.channel, "mean_removal": self.mean_removal}

    def weights(self) -> tuple[str, ...]:
        return (ENTRY,)

    def load(self, runtime: Runtime) -> None:
        def build() -> Any:
            net = imagebind.build(imagebind.ImageBindConfig(towers=("audio",), attention_dtype=runtime.attention_dtype))
            return load_network(net, imagebind.key_map(("audio",)), ENTRY, runtime, half_weights=True)

        self._net = runtime.network("imagebind-audio", build)

    def unload(self) -> None:
        self._net = None

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(
            AudioSpec(sample_rate=SAMPLE_RATE, mixdown="none", order="resample_first", resampler="sinc")
        )
        num_samples = waveform.shape[1]
        if num_samples < IMAGEBIND.win_length:
            raise SkipError(
                SkipCode.TOO_SHORT, f"{media.name}: {num_samples / SAMPLE_RATE:.3f} s; ImageBind needs 0.025 s"
            )
        starts = clip_starts(num_samples / SAMPLE_RATE, NUM_CLIPS)
        cuts = [(int(s * SAMPLE_RATE), int((s + CLIP_S) * SAMPLE_RATE)) for s in starts]
        for start_s, clip in zip(starts, self._clips(waveform, cuts), strict=True):
            sound = clip[0] if self.channel == "first" else clip.mean(axis=0)
            mel = imagebind_mel(torch.from_numpy(np.ascontiguousarray(sound))[None]).numpy()
            yield Window(inputs={"mel": mel}, start_s=start_s, duration_s=clip.shape[1] / SAMPLE_RATE)

    def _clips(self, waveform: Any, cuts: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """Clips (C, N) less their means; overlapping ones from one buffer that changes, as published."""
        overlapping = any(b[0] < a[1] for a, b in pairwise(cuts))
        if self.mean_removal == "independent" or not overlapping:
            return [_less_mean(np.array(waveform[:, a:b], np.float32)) for a, b in cuts]
        buffer = np.array(waveform[:, :], np.float32)
        clips = []
        for start, end in cuts:
            buffer[:, start:end] = _less_mean(buffer[:, start:end])
            clips.append(buffer[:, start:end].copy())
        return clips

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.audio(batch["mel"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": mean_arrays(outputs, "embedding")}, facts={"num_windows": len(windows)})


def _less_mean(clip: np.ndarray) -> np.ndarray:
    """A clip (C, N) without the mean over all its channels and samples."""
    centred: np.ndarray = clip - clip.mean(dtype=np.float32)
    return centred
