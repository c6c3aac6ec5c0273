"""A video track: when its frames are shown, and the frames that were asked for, decoded in one pass.

frame_times   0.00   0.04   0.08          0.16      seconds, sorted, the first at 0
on screen     [0.....[1.....[2............[3....)   half-open: frame i during [times[i], times[i + 1])
              |<------------- duration_s ------>|
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Protocol

import numpy as np

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media.advance import Advance, unwatched
from avmeter.media.clock import video_duration_s
from avmeter.media.frame_collector import FrameCollector, FrameView
from avmeter.media.frame_groups import FrameGroups
from avmeter.media.frame_request import FrameRequest
from avmeter.media.limits import DEFAULT_LIMITS, MediaLimits
from avmeter.media.packets import Losses
from avmeter.media.timestamps import FrameTimestamps


class Decode(Protocol):
    """Decodes frames by index, in any order: `Reader.frames`."""

    def __call__(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (index, RGB frame (H, W, 3), or planes)."""


class VideoTrack:
    """Frames by index on the clock of their presentation times.

    Requests that were registered before the first call of `frames` share its decoding pass. Not thread-safe.

    Args:
        timestamps: Of at least one frame.
        decode: Decodes frames by index.
        name: Of the clip, for messages.
        limits: Of what requested frames take.
        advance: As of `Spool`.
    """

    def __init__(
        self,
        *,
        timestamps: FrameTimestamps,
        decode: Decode,
        name: str,
        limits: MediaLimits = DEFAULT_LIMITS,
        advance: Advance = unwatched,
    ) -> None:
        if not len(timestamps):
            raise ValueError(f"{name}: a video track without frames")
        self.timestamps = timestamps
        self._decode = decode
        self._name = name
        self._limits = limits
        self._advance = advance
        self._registered: dict[FrameRequest, None] = {}
        self._collected: dict[FrameRequest, FrameCollector] = {}
        self._failed: dict[FrameRequest, MediaError] = {}

    def __repr__(self) -> str:
        return f"VideoTrack({len(self.timestamps)} frames, {self.duration_s:.3f} s)"

    @property
    def frame_times(self) -> np.ndarray:
        """Time of each frame: (T,) float64 seconds, sorted, relative to the first frame."""
        return self.timestamps.times_s

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, seconds."""
        return video_duration_s(self.timestamps.times_s, self.timestamps.last_duration_s)

    def register(self, *requests: FrameRequest) -> None:
        """Announce frames that will be asked for, so that one decoding pass serves all."""
        self._registered.update(dict.fromkeys(requests))

    def frames(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Return frames (n, 3, h, w) in the order of the request; an array, or what reads like one if it is large.

        Raises:
            MediaError: `decode_error` if a requested frame cannot be decoded.
            UsageError: An index is beyond the last frame.
        """
        num_frames = len(self.timestamps)
        if request.indices and max(request.indices) >= num_frames:
            raise UsageError(f"{self._name}: frame {max(request.indices)} of {num_frames} was asked for")
        self.register(request)
        if request not in self._collected and request not in self._failed:
            self._collect()
        if request in self._failed:
            raise self._failed[request]
        return self._collected[request].result(request)

    def frame_groups(
        self, indices: Sequence[int], group_size: int, *, planar: bool = True
    ) -> Generator[np.ndarray, None, None]:
        """Decode frames and let go of them group by group, so that a clip of any length takes little memory.

        The pass serves every request that was registered before.

        Args:
            indices: Frames, in order; may repeat.
            group_size: Frames of a group; what is left of the last one is not yielded.
            planar: As planes where the file has them.

        Yields:
            (group_size, h + h / 2 + 1, w) planes, see `planes`; or RGB (group_size, H, W, 3) where there are none.

        Raises:
            MediaError: As `frames`, after the last group that could be decoded.
        """
        pending = self._pending()
        collector = FrameCollector(pending, advance=self._advance)
        groups = FrameGroups(indices, group_size)
        losses = Losses()
        rgb, planes = (collector.indices, groups.indices) if planar else (collector.indices | groups.indices, ())
        for index, frame in self._decode(self.timestamps, rgb, losses, planar=planes):
            if frame.ndim == 3:
                collector.add(index, frame)
            self._limits.check_bytes(collector.size_bytes + groups.size_bytes, name=f"{self._name}: frames")
            yield from groups.add(index, frame)
        self._note_served(collector, pending, losses)
        if groups.changed is not None:
            raise groups.changed
        if groups.missing:
            raise self._undecodable(groups.missing, len(groups.indices), losses)

    def _pending(self) -> list[FrameRequest]:
        """Return the registered requests that no pass has served."""
        num_frames = len(self.timestamps)
        done = self._collected.keys() | self._failed.keys()
        return [r for r in self._registered if r not in done and (not r.indices or max(r.indices) < num_frames)]

    def _collect(self) -> None:
        """Decode once for all requests that have not been served."""
        pending = self._pending()
        collector = FrameCollector(pending, advance=self._advance)
        losses = Losses()
        for index, frame in self._decode(self.timestamps, collector.indices, losses):
            collector.add(index, frame)
            self._limits.check_bytes(collector.size_bytes, name=f"{self._name}: frames")
        self._note_served(collector, pending, losses)

    def _note_served(self, collector: FrameCollector, pending: Sequence[FrameRequest], losses: Losses) -> None:
        for request in pending:
            missing = collector.missing(request)
            if missing:
                self._failed[request] = self._undecodable(missing, len(set(request.indices)), losses)
            else:
                self._collected[request] = collector

    def _undecodable(self, missing: Sequence[int], num_requested: int, losses: Losses) -> MediaError:
        return MediaError(
            SkipCode.DECODE_ERROR,
            f"{self._name}: frame {missing[0]} cannot be decoded ({num_requested - len(missing)} of "
            f"{num_requested} requested frames were; {losses.reason})",
            hint="the file is damaged or truncated: make it again",
        )

    def release(self) -> None:
        """Let go of decoded frames and of requests; the time stamps stay."""
        self._registered.clear()
        self._collected.clear()
        self._failed.clear()
