"""Boxes of a detector that are known, and faces cut out by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.features.base import Features
from avmeter.features.tracked_faces import TrackedFaces
from avmeter.media import MediaItem

BOX = (2.0, 2.0, 12.0, 12.0)
NUM = 30


def detections(*boxes: tuple[float, ...], num: int = NUM, cuts: tuple[int, ...] = ()) -> Features:
    """The same boxes in every frame."""
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    arrays = {
        "boxes": np.tile(rows, (num, 1)),
        "scores": np.ones(num * len(rows), np.float32),
        "ticks": np.repeat(np.arange(num), len(rows)),
    }
    seen = num if len(rows) else 0
    return Features(arrays=arrays, facts={"num_ticks": num, "num_seen": seen, "cuts": list(cuts), "size": [16, 16]})


def cut(reader: TrackedFaces, found: Features, num: int = NUM) -> tuple[list[Any], Any]:
    """Windows and facts of a clip that gets brighter frame by frame."""
    frames = np.arange(num, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    consumer = reader.after({"faces": found}).consumer(MediaItem.from_frames(frames, 25.0))
    windows = [window for frame in frames for window in consumer.add(frame)]
    return windows, consumer.finish()
