"""Decode the frames of a video track that are asked for, as RGB and upright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

from avmeter.media.container import open_container
from avmeter.media.orientation import Orientation, orientation_of
from avmeter.media.packets import Losses, decoded, first_stream


def decode_frames(
    path: str | os.PathLike[str], stamps: np.ndarray, indices: set[int], losses: Losses, *, num_threads: int = 1
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of the first video track in the order of the decoder.

    Args:
        path: The file.
        stamps: `FrameTimestamps.stamps`.
        indices: Frames to yield, as positions in `stamps`.
        losses: Filled on the way.
        num_threads: Of the decoder.

    Yields:
        (index, RGB uint8 (H, W, 3) as on the screen).
    """
    queues: dict[int, list[int]] = {}
    for index, stamp in enumerate(stamps.tolist()):
        queues.setdefault(stamp, []).append(index)
    missing = set(indices)
    with open_container(path) as container:
        stream = first_stream(container, path, "video")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = num_threads
        to_rgb = _RgbConverter()
        orientation: Orientation | None = None
        for frame in decoded(container, stream, losses):
            if not missing:
                return
            # Asked of one frame only: one that was asked for its side data refers to itself, and keeps its pixels
            # until the garbage collector comes by.
            orientation = orientation or orientation_of(frame)
            queue = queues.get(frame.pts)
            if not queue:
                continue
            index = queue.pop(0)
            if index in missing:
                missing.discard(index)
                yield index, orientation.apply(to_rgb(frame))


class _RgbConverter:
    """RGB by one scaling thread: PyAV's default is one per core, started anew for every frame."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._options: dict[str, Any] = {"threads": 1}

    def __call__(self, frame: Any) -> np.ndarray:
        try:
            converted = self._reformatter.reformat(frame, format="rgb24", **self._options)
        except TypeError:  # PyAV before `threads`
            if not self._options:
                raise
            self._options = {}
            return self(frame)
        found: np.ndarray = converted.to_ndarray()
        return found
