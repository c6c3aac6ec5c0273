"""Decoded frames in groups of a fixed number, let go as soon as a group is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from avmeter.errors import MediaError
from avmeter.media.frame_collector import size_changed
from avmeter.media.planes import rgb_of_planes, upright_size


class FrameGroups:
    """Takes frames as they are decoded, and yields groups in order.

    Args:
        indices: Frames, in order; may repeat. Indices beyond the last whole group are left out.
        size: Frames of a group.

    Attributes:
        size_bytes: What all frames so far take.
        changed: Why no more groups come, if the video changed its size.
    """

    def __init__(self, indices: Sequence[int], size: int) -> None:
        whole = indices[: len(indices) // size * size]
        self._groups = [tuple(whole[start : start + size]) for start in range(0, len(whole), size)]
        self._num_yielded = 0
        self._frames: dict[int, np.ndarray] = {}
        self._is_seen: set[int] = set()
        self._screen_size: tuple[int, int] | None = None
        self._last_use = {index: number for number, group in enumerate(self._groups) for index in group}
        self.size_bytes = 0
        self.changed: MediaError | None = None

    @property
    def indices(self) -> set[int]:
        """Every frame of a group."""
        return set(self._last_use)

    @property
    def missing(self) -> list[int]:
        """Return the frames that have not come, sorted."""
        return sorted(self.indices - self._is_seen)

    def add(self, index: int, frame: np.ndarray) -> Iterator[np.ndarray]:
        """Take a frame, planes or RGB (H, W, 3); yield the groups that it makes whole."""
        if index in self._is_seen or index not in self._last_use or self.changed is not None:
            return
        self._is_seen.add(index)
        size = upright_size(frame)
        if self._screen_size not in (None, size):
            self.changed = size_changed(index, now=size, before=self._screen_size)
            return
        self._screen_size = size
        self._frames[index] = frame
        self.size_bytes += frame.nbytes
        while self._num_yielded < len(self._groups):
            group = self._groups[self._num_yielded]
            if not all(i in self._frames for i in group):
                return
            yield _stacked([self._frames[i] for i in group])
            for i in set(group):
                if self._last_use[i] == self._num_yielded:
                    del self._frames[i]
            self._num_yielded += 1


def _stacked(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Stack frames of one size; where only some are planes, as RGB."""
    if len({frame.ndim for frame in frames}) > 1:
        frames = [rgb_of_planes(frame) if frame.ndim == 2 else frame for frame in frames]
    return np.stack(frames)
