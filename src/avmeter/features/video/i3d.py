"""I3D logits of a whole clip, as the Fréchet video distance reads them.

Source: Unterthiner et al., "FVD" (2019): frames from -1 to 1, stretched to 224 x 224 by bilinear interpolation without
antialiasing, all of them in one pass, 400 logits, the mean over time. A long clip is read in cuts that overlap so far
that the logits are those of one pass: 0.6 MB a frame are held of 352 frames at most, of a clip of any length.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features, Window
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer
from avmeter.media import MediaItem, Resize, resize_frame
from avmeter.nets import i3d
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MIN_FRAMES = 10
"""Of the published harnesses; the network itself would read 9."""
MAX_STEPS = 44
"""Of a cut: 32 that count, and those around them. More take more memory, fewer are computed more than once."""

_RESIZE = Resize(short_side=i3d.SIDE, interpolation="bilinear", antialias=False, long_side="equal", in_="float")


@register_extractor("i3d")
class I3dExtractor(FrameNetwork):
    """Arrays `embedding` (400,) and `logits` (400,), which are the same numbers; fact `num_frames`.

    Args:
        num_frames: Read the first so many frames; None is all of them. Shorter clips are a skip.
    """

    needs_rate = False
    entries = ("i3d-kinetics-400",)
    option_names = ("num_frames",)
    batch_size = 1
    gpu_batch_size = 4

    def __init__(self, *, num_frames: int | None = None) -> None:
        if num_frames is not None and num_frames < MIN_FRAMES:
            raise UsageError(f"num_frames is {num_frames}", hint=f"I3D needs {MIN_FRAMES} frames or more")
        self.num_frames = num_frames

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return i3d.build(), i3d.KEY_MAP

    def consumer(self, *clips: Any) -> FrameConsumer:
        (clip,) = clips
        count = len(clip.frame_times)
        needed = self.num_frames or MIN_FRAMES
        if count < needed:
            raise SkipError(SkipCode.TOO_SHORT, f"{clip.name}: {count} frames; I3D needs {needed}")
        return _Cuts(clip, self.num_frames or count)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"logits": self._net.step_logits(batch["clip"] * 2 - 1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        made = zip(outputs, i3d.cuts(facts["num_frames"], max_steps=MAX_STEPS), strict=True)
        steps = np.concatenate([output["logits"][cut.steps] for output, cut in made])
        logits = steps.mean(axis=0, dtype=np.float64).astype(np.float32)
        return Features(arrays={"embedding": logits, "logits": logits}, facts=facts)


class _Cuts(FrameConsumer):
    """A window for each cut, which is filled while frames are decoded."""

    def __init__(self, clip: MediaItem, num_frames: int) -> None:
        self.ranges = (range(num_frames),)
        self._times_s = clip.frame_times
        self._end_s = float(clip.video_duration_s)
        self._waiting = deque(cut.frames for cut in i3d.cuts(num_frames, max_steps=MAX_STEPS))
        self._open: deque[tuple[range, np.ndarray]] = deque()
        self._num_seen = 0

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        index, self._num_seen = self._num_seen, self._num_seen + 1
        while self._waiting and self._waiting[0].start == index:
            cut = self._waiting.popleft()
            self._open.append((cut, np.empty((3, len(cut), i3d.SIDE, i3d.SIDE), np.float32)))
        pixels = resize_frame(frame, _RESIZE)
        for cut, clip in self._open:
            clip[:, index - cut.start] = pixels
        while self._open and self._open[0][0].stop == self._num_seen:
            cut, clip = self._open.popleft()
            yield Window(inputs={"clip": clip}, start_s=self._time_s(cut.start), duration_s=self._lasts_s(cut))

    def finish(self) -> Mapping[str, Any]:
        return {"num_frames": self._num_seen}

    def _time_s(self, index: int) -> float:
        return float(self._times_s[index]) if index < len(self._times_s) else self._end_s

    def _lasts_s(self, cut: range) -> float:
        return self._time_s(cut.stop) - self._time_s(cut.start)
