"""How far the fastest twentieth of a clip's pixels moves, eight times a second: optical flow of RAFT.

Source: FastVideo, `eval/metrics/vbench/dynamic_degree/metric.py`; VBench, `vbench/dynamic_degree.py`. Pixels of the
border count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer
from avmeter.features.frames.base import RAFT_MIN_SIDE, RaftNetwork, check_side, frame_rate
from avmeter.media import MediaItem
from avmeter.registry import register_extractor

_READ_PER_SECOND = 8
_FASTEST = 0.05
_FEWEST = 3
"""Frames read. VBench rounds the number of pairs that must move to none of two frames, and any video is dynamic."""


@register_extractor("raft_magnitude")
class RaftMagnitude(RaftNetwork):
    """Array `magnitude` (N - 1,) float64, pixels, of N frames read.

    Facts: `fps`, `interval` between frames that are read, `num_frames`, `num_frames_read`, `short_side` in pixels.
    """

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Pairs(*clips)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        flow, _ = self.flow(batch["before"], batch["after"])
        lengths = flow.square().sum(dim=1).sqrt().flatten(1)
        return {"magnitude": lengths.topk(int(lengths.shape[1] * _FASTEST)).values.mean(dim=1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"magnitude": np.array([o["magnitude"] for o in outputs], np.float64)}, facts=facts)


class _Pairs(FrameConsumer):
    """A window for each two frames that are read one after the other."""

    def __init__(self, clip: MediaItem) -> None:
        check_side(clip, RAFT_MIN_SIDE, reader="RAFT")
        total = len(clip.frame_times)
        # Of 20 frames a second every second one is read: half of an even number is rounded down, and must be half.
        rate = round(frame_rate(clip) or 0.0, 3)
        self._interval = max(1, round(rate / _READ_PER_SECOND))
        num_read = (total - 1) // self._interval + 1
        if num_read < _FEWEST:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{clip.name}: {total} frames, every {self._interval}. of which is read; needs {_FEWEST} of those",
            )
        self.ranges = (range((num_read - 1) * self._interval + 1),)
        stream = clip.info.video[0]
        self._facts = {
            "fps": rate,
            "interval": self._interval,
            "num_frames": total,
            "num_frames_read": num_read,
            "short_side": min(stream.width, stream.height),
        }
        self._num_seen = 0
        self._before: np.ndarray | None = None

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        self._num_seen += 1
        if (self._num_seen - 1) % self._interval:
            return ()
        before, self._before = self._before, frame
        return () if before is None else (Window(inputs={"before": before, "after": frame}),)

    def finish(self) -> Mapping[str, Any]:
        return self._facts
