"""What ImageBind's extractors share: a network per tower, loaded once, and its preprocessing of sound and pixels."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.dsp.mel import IMAGEBIND, imagebind_mel
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.network import NetworkExtractor
from avmeter.features.pixels import CLIP, normalised
from avmeter.features.truncation import duration_mismatch
from avmeter.media import SILENCE_PEAK, AudioSpec, Clock, MediaItem
from avmeter.nets import imagebind
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime

WINDOW_S = 2.0
"""Seconds that the audio tower reads at once, and that two frames of the vision tower stand for."""
SIDE = 224  # pixels
SAMPLE_RATE = IMAGEBIND.sample_rate
CHANNELS = ("first", "mean")
MEAN_REMOVAL = ("running", "independent")


class ImageBindTower(NetworkExtractor):
    """An extractor around one of `imagebind.TOWERS`, which all extractors of the tower share."""

    tower: ClassVar[str]
    entries: ClassVar[tuple[str, ...]] = ("imagebind",)
    half_weights = True

    def network_key(self) -> Hashable:
        return ("imagebind", self.tower)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        config = imagebind.ImageBindConfig(towers=(self.tower,), attention_dtype=runtime.attention_dtype)
        return imagebind.build(config), imagebind.key_map((self.tower,))


class ImageBindAudioTower(ImageBindTower):
    """An extractor over windows of sound, 2 s at most.

    Args:
        channel: "first" as published, or "mean" of all channels.
        mean_removal: "running" as published, which is in place: windows that overlap read what an earlier one left,
            or "independent" for each window.
    """

    tower = "audio"
    takes = "audio"
    is_recordable = True
    option_names: ClassVar[tuple[str, ...]] = ("channel", "mean_removal")
    batch_size = 24

    def __init__(self, *, channel: str = "first", mean_removal: str = "running") -> None:
        if channel not in CHANNELS:
            raise UnknownNameError.among("channel rule", str(channel), CHANNELS)
        if mean_removal not in MEAN_REMOVAL:
            raise UnknownNameError.among("mean removal", str(mean_removal), MEAN_REMOVAL)
        self.channel = channel
        self.mean_removal = mean_removal

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {**duration_mismatch(media), **self._silence(media)}

    def _silence(self, media: MediaItem) -> Mapping[str, str]:
        """Return the fact `hears_silence`, a sentence, if the input is silent; silence has an embedding too."""
        peaks = media.audio_facts.channel_peaks
        read = peaks[:1] if self.channel == "first" else peaks
        if max(read) > SILENCE_PEAK:
            return {}
        if max(peaks) > SILENCE_PEAK:
            why = f'the first of {len(peaks)} channels, the only one read, is silent: `channel="mean"` reads all'
        else:
            why = "the sound is silent"
        return {"hears_silence": why}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.audio(batch["mel"])}

    def _waveform(self, media: MediaItem, *, clock: Clock) -> Any:
        """Read all channels (C, N) at 16 kHz.

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
        """Compute spectrograms (1, 128, 204) of the windows that begin and end at these samples."""
        for window in self._centred_windows(waveform, cuts):
            mono = window[0] if self.channel == "first" else window.mean(axis=0)
            yield imagebind_mel(torch.from_numpy(np.ascontiguousarray(mono))[None]).numpy()

    def _centred_windows(self, waveform: Any, cuts: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
        """Cut windows (C, N) less their means; overlapping ones from one buffer that changes, as published."""
        overlapping = any(b[0] < a[1] for a, b in pairwise(cuts))
        if self.mean_removal == "independent" or not overlapping:
            yield from (_without_mean(np.array(waveform[:, a:b], np.float32)) for a, b in cuts)
            return
        buffer = np.array(waveform[:, :], np.float32)
        for start, end in cuts:
            buffer[:, start:end] = _without_mean(buffer[:, start:end])
            yield buffer[:, start:end].copy()


def number_option(name: str, value: Any, *, hint: str) -> float:
    """Return an option that is a number as a float.

    Raises:
        UsageError: It is not, or is not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise UsageError(f"{name} is {value!r}, which is no number", hint=hint)
    return float(value)


def window_starts(duration_s: float, num_windows: int) -> list[float]:
    """Return where `num_windows` windows of 2 s start, evenly spread; all 0 when the medium is shorter than one."""
    span = max(duration_s - WINDOW_S, 0.0)
    return [i * span / max(num_windows - 1, 1) for i in range(num_windows)]


def normalise_pixels(pixels: Tensor) -> Tensor:
    """Normalise pixels (B, 3, frames, h, w) in [0, 1] as the vision tower was trained on them."""
    return normalised(pixels, CLIP)


def _without_mean(window: np.ndarray) -> np.ndarray:
    """Subtract from a window (C, N) its mean over all channels and samples."""
    centred: np.ndarray = window - window.mean(dtype=np.float32)
    return centred
