"""Read a clip from arrays in memory; audio and video both start at 0."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.arrays import frames_from_array, numeric_array, samples_from_array
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.hashing import array_key
from avmeter.media.mixdown import channels_of_count
from avmeter.media.packets import Losses
from avmeter.media.probe import AudioStream, MediaInfo, VideoStream
from avmeter.media.timestamps import FrameTimestamps

_BLOCK_SAMPLES = 1 << 16


class ArrayReader:
    """Samples, frames or both; see `samples_from_array` and `frames_from_array` for their forms.

    Args:
        audio: Samples, not copied where their form allows it.
        sample_rate: Hz, of `audio`.
        frames: Frames, not copied.
        fps: Frames per second, of `frames`.
        name: For messages.

    Raises:
        MediaError: `no_frame_rate`; `unsupported` dtype, shape, range or rate; `non_finite` frames.
    """

    def __init__(
        self,
        *,
        audio: Any = None,
        sample_rate: float | None = None,
        frames: Any = None,
        fps: float | None = None,
        name: str = "array",
    ) -> None:
        self.name = name
        self._parts: list[tuple[np.ndarray, float | None]] = []
        self._samples, self._sample_rate = np.empty((0, 0)), 0
        self._frames, self._fps = np.empty((0, 0, 0, 3)), 0.0
        if audio is not None:
            self._parts.append((numeric_array(audio, name), sample_rate))
            self._samples = samples_from_array(self._parts[-1][0], name)
            self._sample_rate = _whole_rate(sample_rate, name)
        if frames is not None:
            self._parts.append((numeric_array(frames, name), fps))
            self._frames = frames_from_array(self._parts[-1][0], name)
            self._fps = _checked_fps(fps, name)
        self.info = MediaInfo(
            path=name,
            size_bytes=sum(array.nbytes for array, _ in self._parts),
            container="array",
            audio=() if audio is None else (_audio_stream(self._samples, self._sample_rate),),
            video=() if frames is None else (_video_stream(self._frames, self._fps),),
        )

    def key(self) -> str:
        """Return the content key of the arrays and their rates."""
        return ":".join(array_key(array, rate) for array, rate in self._parts)

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Yield the samples in blocks; `losses` stays empty."""
        channels = channels_of_count(self._samples.shape[1])
        for start in range(0, len(self._samples), _BLOCK_SAMPLES):
            samples = self._samples[start : start + _BLOCK_SAMPLES]
            yield AudioBlock(samples=samples, sample_rate=self._sample_rate, channels=channels, time_s=None)

    def timestamps(self) -> FrameTimestamps:
        """Return the times of frames at a constant rate."""
        return FrameTimestamps(stamps=np.arange(len(self._frames)), unit_s=1 / self._fps, last_duration_s=1 / self._fps)

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield frames by index, (H, W, 3)."""
        return ((i, self._frames[i]) for i in sorted(indices.union(planar)))


def _checked_fps(fps: float | None, name: str) -> float:
    if fps is None or not 0 < fps < float("inf"):
        raise unknown_rate(fps, name)
    return float(fps)


def unknown_rate(fps: float | None = None, name: str = "array") -> MediaError:
    """Return what is wrong with frames whose rate is not stated, or is none."""
    return MediaError(
        SkipCode.NO_FRAME_RATE, f"{name}: frames with a rate of {fps}", hint="give `fps=` with the frames"
    )


def _whole_rate(sample_rate: Any, name: str) -> int:
    if sample_rate is None or not 0 < sample_rate < 1 << 31 or int(sample_rate) != sample_rate:
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: a sample rate of {sample_rate} Hz", hint="give a whole number of Hz"
        )
    return int(sample_rate)


def _audio_stream(samples: np.ndarray, sample_rate: int) -> AudioStream:
    num_channels = samples.shape[1]
    return AudioStream(
        index=0,
        codec="array",
        sample_rate=sample_rate,
        num_channels=num_channels,
        layout=f"{num_channels} channels",
        sample_format="flt",
        start_s=0.0,
        duration_s=len(samples) / sample_rate,
    )


def _video_stream(frames: np.ndarray, fps: float) -> VideoStream:
    num_frames, height, width = frames.shape[:3]
    return VideoStream(
        index=0,
        codec="array",
        width=width,
        height=height,
        rotation_deg=0,
        average_fps=fps,
        start_s=0.0,
        duration_s=num_frames / fps,
        num_frames=num_frames,
    )
