"""Networks over frames as they are decoded."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.features.base import Features, Window
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import FrameConsumer
from avmeter.media import MediaItem


class Last(FrameNetwork, FrameConsumer):
    """A window for each frame, and the number of frames as a fact."""

    def __init__(self, num_clips: int) -> None:
        self.ranges = (range(2),) * num_clips

    def architecture(self, runtime: Any) -> Any:
        raise NotImplementedError

    def consumer(self, *clips: Any) -> FrameConsumer:
        return self

    def add(self, *frames: Any) -> Any:
        yield Window(inputs={str(number): frame for number, frame in enumerate(frames)})

    def finish(self) -> Any:
        return {}

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        return Features(facts=facts)


def test_windows_are_those_of_a_pass_of_its_own() -> None:
    """Over one clip, or over clips in step."""
    frames = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 6, 3), np.uint8)
    clip = MediaItem.from_frames(frames, 10.0)
    assert [int(w.inputs["0"][0, 0, 0]) for w in Last(1).windows(clip)] == [0, 1]
    assert [sorted(w.inputs) for w in Last(2).windows((clip, clip))] == [["0", "1"]] * 2
