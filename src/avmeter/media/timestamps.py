"""When each frame of a video is shown: read from packets where they can be trusted, else by decoding.

stamps        0      3600   7200          14400   integers in units of `unit_s`, sorted
times_s       0.00   0.04   0.08          0.16    seconds from the first frame
on screen     [0.....[1.....[2............[3....) frame i is shown during [times_s[i], times_s[i + 1])
                                          `last_duration_s` closes the last one
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.container import open_container
from avmeter.media.packets import Losses, decoded, first_stream, packets

# Containers whose packets carry the presentation time of every frame that will be shown, and codecs with packets
# that are not shown.
_TIMED_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
_HIDDEN_FRAMES = {"vp8"}


@dataclass(frozen=True, kw_only=True)
class FrameTimestamps:
    """Presentation times of every frame that is shown, sorted.

    Attributes:
        stamps: (T,) int64, in units of `unit_s`.
        unit_s: Seconds.
        last_duration_s: How long the last frame is shown; None if the file does not say.
    """

    stamps: np.ndarray
    unit_s: float
    last_duration_s: float | None

    def __post_init__(self) -> None:
        if self.stamps.ndim != 1 or (np.diff(self.stamps) < 0).any():
            raise ValueError(f"time stamps of shape {self.stamps.shape} are not sorted")

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def start_s(self) -> float:
        """Time of the first frame on the container's clock."""
        return float(self.stamps[0]) * self.unit_s

    @property
    def times_s(self) -> np.ndarray:
        """(T,) float64, relative to the first frame."""
        if not len(self.stamps):
            return np.empty(0, np.float64)
        times: np.ndarray = (self.stamps - self.stamps[0]) * self.unit_s
        return times


def read_timestamps(path: str | os.PathLike[str]) -> FrameTimestamps:
    """Read the times of all frames of the first video track.

    Raises:
        MediaError: `no_video_track`; `decode_error` if the frames carry no times.
    """
    with open_container(path) as container:
        stream = first_stream(container, path, "video")
        trusted = container.format.name in _TIMED_CONTAINERS and stream.codec_context.name not in _HIDDEN_FRAMES
        if trusted:
            found = _timestamps(packets(container, stream), stream)
            if found is not None:
                return found
    with open_container(path) as container:
        stream = first_stream(container, path, "video")
        found = _timestamps(decoded(container, stream, Losses()), stream)
        if found is None:
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{path}: the frames carry no presentation times ({stream.codec_context.name})",
                hint="put the stream in a container, for example mp4 or mkv",
            )
        return found


def _timestamps(timed: Iterator[Any], stream: Any) -> FrameTimestamps | None:
    """Return the times of packets or frames; None if one of them has none."""
    stamps: list[int] = []
    last: tuple[int, int] = (-(1 << 62), 0)
    for one in timed:
        if one.pts is None:
            return None
        stamps.append(one.pts)
        last = max(last, (one.pts, getattr(one, "duration", None) or 0))  # PyAV 14 frames have no duration
    unit_s = float(stream.time_base)
    return FrameTimestamps(
        stamps=np.sort(np.array(stamps, np.int64)),
        unit_s=unit_s,
        last_duration_s=last[1] * unit_s if stamps and last[1] > 0 else None,
    )
