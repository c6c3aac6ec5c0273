"""Bounds on what a clip may say of itself and unfold to, so that memory and time follow the file, not its header."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode, UnknownNameError, UsageError
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.container import MAX_PIXELS


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Limits that real work does not meet; a clip beyond one is skipped as `over_limit`.

    Attributes:
        min_sample_rate: Hz; below, a second of sound would be resampled to hours.
        max_sample_rate: Hz.
        max_channels: Channels of a sound track.
        max_pixels: Pixels of a frame or an image, with square pixels.
        max_aspect_ratio: Long over short side of a frame: its short side is what networks scale to 224 and more.
        max_fps: Frames per second, by their time stamps.
        max_frames: Frames of a video.
        max_duration_s: Length of a track as decoded, seconds, whatever the header says.
        max_gap_s: Longest gap in the time stamps of a track, and latest start of the sound, seconds.
        max_decoded_bytes: What the decoded samples of a track, or the frames that are asked for, may take.
    """

    min_sample_rate: int = 1000
    max_sample_rate: int = 768_000
    max_channels: int = 64
    max_pixels: int = MAX_PIXELS
    max_aspect_ratio: float = 100.0
    max_fps: float = 1000.0
    max_frames: int = 1_000_000
    max_duration_s: float = 6 * 3600.0
    max_gap_s: float = 600.0
    max_decoded_bytes: int = 32 * 2**30

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise UsageError(f"limit {name}={value!r}: needs a number above 0")

    @classmethod
    def parse(cls, values: MediaLimits | Mapping[str, Any] | None) -> MediaLimits:
        """Return limits from a mapping of those that differ from the defaults.

        Raises:
            UnknownNameError: No such limit.
            UsageError: A value is no number above 0.
        """
        if isinstance(values, MediaLimits):
            return values
        if not isinstance(values, Mapping | None):
            raise UsageError(f"limits={values!r}: needs a mapping", hint="limits={'max_duration_s': 36000}")
        for name in values or {}:
            if name not in LIMIT_NAMES:
                raise UnknownNameError.among("limit", name, LIMIT_NAMES)
        return cls(**(values or {}))

    def check_sound(self, sample_rate: int, num_channels: int, *, name: str) -> None:
        """Check what the header of a sound track, or a block of it, says.

        Raises:
            MediaError: `over_limit`.
        """
        if sample_rate < self.min_sample_rate:
            raise self.exceeded("min_sample_rate", f"{name}: a sample rate of {sample_rate} Hz")
        if sample_rate > self.max_sample_rate:
            raise self.exceeded("max_sample_rate", f"{name}: a sample rate of {sample_rate} Hz")
        if num_channels > self.max_channels:
            raise self.exceeded("max_channels", f"{name}: {num_channels} channels")

    def check_size(self, width: int, height: int, *, name: str) -> None:
        """Check the size of frames.

        Raises:
            MediaError: `over_limit`.
        """
        if width * height > self.max_pixels:
            raise self.exceeded("max_pixels", f"{name}: frames of {width}x{height} = {width * height} pixels")
        if max(width, height) > self.max_aspect_ratio * min(width, height):
            raise self.exceeded("max_aspect_ratio", f"{name}: frames of {width}x{height}")

    def check_frames(self, times_s: np.ndarray, duration_s: float, *, name: str) -> None:
        """Check how many frames a video has, how long and how fast it is.

        Args:
            times_s: (T,) sorted.
            duration_s: To the end of the last frame.
            name: Of the clip.

        Raises:
            MediaError: `over_limit`.
        """
        if len(times_s) > self.max_frames:
            raise self.exceeded("max_frames", f"{name}: {len(times_s)} frames")
        if duration_s > self.max_duration_s:
            raise self.exceeded("max_duration_s", f"{name}: a video of {duration_s:.0f} s")
        span_s = float(times_s[-1] - times_s[0])
        if span_s > 0 and (len(times_s) - 1) / span_s > self.max_fps:
            rate = (len(times_s) - 1) / span_s
            raise self.exceeded("max_fps", f"{name}: {len(times_s)} frames in {span_s:.3g} s, {rate:.6g} fps")

    def bounded(self, blocks: Iterable[AudioBlock], *, name: str) -> Iterator[AudioBlock]:
        """Yield blocks of a sound track as long as it is within the limits.

        Raises:
            MediaError: `over_limit`, as soon as it is not.
        """
        num_samples = 0
        for block in blocks:
            num_channels = len(block.channels)
            self.check_sound(block.sample_rate, num_channels, name=name)
            num_samples += len(block.samples)
            if num_samples > self.max_duration_s * block.sample_rate:
                duration_s = num_samples / block.sample_rate
                raise self.exceeded("max_duration_s", f"{name}: sound of {duration_s:.0f} s and more")
            self.check_bytes(4 * num_samples * num_channels, name=f"{name}: samples")
            yield block

    def check_bytes(self, size_bytes: int, *, name: str) -> None:
        """Check how much has been decoded.

        Raises:
            MediaError: `over_limit`.
        """
        if size_bytes > self.max_decoded_bytes:
            raise self.exceeded("max_decoded_bytes", f"{name} of {size_bytes / 2**30:.1f} GiB and more")

    def exceeded(self, limit: str, what: str) -> MediaError:
        """Build the error of a clip that is beyond a limit.

        Args:
            limit: Name of the limit.
            what: The clip and what was measured.
        """
        return MediaError(
            SkipCode.OVER_LIMIT,
            f"{what}; the limit {limit} is {getattr(self, limit):.12g}",
            hint=f"if the clip is right: `--limit {limit}=...`, or limits={{'{limit}': ...}}",
        )


DEFAULT_LIMITS = MediaLimits()
LIMIT_NAMES = tuple(field.name for field in dataclasses.fields(MediaLimits))
"""Names of all limits."""
