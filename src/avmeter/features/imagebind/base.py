"""What ImageBind's extractors have in common: one network per tower for a whole run, and how it hears and sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from avmeter.dsp.mel import IMAGEBIND, imagebind_mel
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import WindowExtractor, load_network
from avmeter.features.truncation import broken_promise
from avmeter.media import SILENCE_PEAK, AudioSpec, Clock, MediaItem
from avmeter.nets import imagebind
from avmeter.runtime import Runtime

ENTRY = "imagebind"
CLIP_S = 2.0
"""What the audio tower hears at once, and what two frames of the vision tower stand for."""
SIDE = 224
SAMPLE_RATE = IMAGEBIND.sample_rate
CHANNELS = ("first", "mean")
MEAN_REMOVAL = ("running", "independent")
# CLIP's normalisation.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)


def network_key(tower: str) -> str:
    """Key of a tower's network in `Runtime.networks`."""
    return f"imagebind-{tower}"


class ImageBindTower(WindowExtractor):
    """An extractor around one of `imagebind.TOWERS`, loaded alone and once for everybody."""

    tower: ClassVar[str]
    half_weights = True

    def __init__(self) -> None:
        self._net: Any = None

    def weights(self) -> tuple[str, ...]:
        return (ENTRY,)

    def load(self, runtime: Runtime) -> None:
        def build() -> Any:
            config = imagebind.ImageBindConfig(towers=(self.tower,), attention_dtype=runtime.attention_dtype)
            keys = imagebind.key_map((self.tower,))
            return load_network(imagebind.build(config), keys, ENTRY, runtime, half_weights=True)

        self._net = runtime.network(network_key(self.tower), build)

    def unload(self) -> None:
        self._net = None


class ImageBindSound(ImageBindTower):
    """An extractor that hears 2 s at a time.

    Args:
        channel: "first" as published, or "mean" of all channels.
        mean_removal: "running" as published, where windows that overlap see what an earlier one has left behind, or
            "independent" for each window.
    """

    tower = "audio"
    takes = "audio"
    batch_size = 24

    def __init__(self, *, channel: str = "first", mean_removal: str = "running") -> None:
        super().__init__()
        if channel not in CHANNELS:
            raise UnknownNameError.among("channel rule", str(channel), CHANNELS)
        if mean_removal not in MEAN_REMOVAL:
            raise UnknownNameError.among("mean removal", str(mean_removal), MEAN_REMOVAL)
        self.channel = channel
        self.mean_removal = mean_removal

    def options(self) -> Mapping[str, Any]:
        return {"channel": self.channel, "mean_removal": self.mean_removal}

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {**broken_promise(media), **self._silence(media)}

    def _silence(self, media: MediaItem) -> Mapping[str, str]:
        """Fact `hears_silence`, a sentence, where nothing can be heard; ImageBind embeds silence like any sound."""
        peaks = media.audio_facts.channel_peaks
        heard = peaks[:1] if self.channel == "first" else peaks
        if max(heard) > SILENCE_PEAK:
            return {}
        if max(peaks) > SILENCE_PEAK:
            why = f'the first of {len(peaks)} channels, which alone is heard, is silent: `channel="mean"` hears all'
        else:
            why = "the sound is silent"
        return {"hears_silence": why}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.audio(batch["mel"])}

    def _waveform(self, media: MediaItem, *, clock: Clock) -> Any:
        """All channels (C, N) at 16 kHz.

        Raises:
            SkipError: Less than one frame of the spectrogram.
        """
        waveform = media.audio(
            AudioSpec(sample_rate=SAMPLE_RATE, mixdown="none", order="resample_first", resampler="sinc", clock=clock)
        )
        num_samples = waveform.shape[1]
        if num_samples < IMAGEBIND.win_length:
            raise SkipError(
                SkipCode.TOO_SHORT, f"{media.name}: {num_samples / SAMPLE_RATE:.3f} s; ImageBind needs 0.025 s"
            )
        return waveform

    def _mels(self, waveform: Any, cuts: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
        """Spectrograms (1, 128, 204) of the pieces that begin and end at these samples."""
        for clip in self._clips(waveform, cuts):
            sound = clip[0] if self.channel == "first" else clip.mean(axis=0)
            yield imagebind_mel(torch.from_numpy(np.ascontiguousarray(sound))[None]).numpy()

    def _clips(self, waveform: Any, cuts: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
        """Clips (C, N) less their means; overlapping ones from one buffer that changes, as published."""
        overlapping = any(b[0] < a[1] for a, b in pairwise(cuts))
        if self.mean_removal == "independent" or not overlapping:
            yield from (_less_mean(np.array(waveform[:, a:b], np.float32)) for a, b in cuts)
            return
        buffer = np.array(waveform[:, :], np.float32)
        for start, end in cuts:
            buffer[:, start:end] = _less_mean(buffer[:, start:end])
            yield buffer[:, start:end].copy()


def number_option(name: str, value: Any, *, hint: str) -> float:
    """An option that is a number.

    Raises:
        UsageError: It is not, or is not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise UsageError(f"{name} is {value!r}, which is no number", hint=hint)
    return float(value)


def clip_starts(duration_s: float, num_clips: int) -> list[float]:
    """Starts of `num_clips` clips of 2 s, evenly spread; all 0 when the medium is shorter than one clip."""
    span = max(duration_s - CLIP_S, 0.0)
    return [i * span / max(num_clips - 1, 1) for i in range(num_clips)]


def normalised(pixels: Tensor) -> Tensor:
    """Pixels (B, 3, frames, h, w) in [0, 1] as the vision tower was trained on them."""
    mean, std = _mean_and_std(pixels.device, pixels.dtype)
    return (pixels - mean) / std


@lru_cache(maxsize=16)
def _mean_and_std(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Kept on the device: to send them anew would make every batch wait for the one before."""
    with torch.inference_mode(False):
        mean, std = (torch.tensor(v, dtype=dtype, device=device).view(1, 3, 1, 1, 1) for v in (_MEAN, _STD))
    return mean, std


def _less_mean(clip: np.ndarray) -> np.ndarray:
    """A clip (C, N) without the mean over all its channels and samples."""
    centred: np.ndarray = clip - clip.mean(dtype=np.float32)
    return centred
