"""Decoded frames in groups of a fixed number, let go as soon as a group is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from avmeter.errors import MediaError
from avmeter.media.frame_collector import size_changed
from avmeter.media.planes import rgb_of_planes, upright_size


class FrameGroups:
    """Takes frames as they are decoded, and yields groups in order; a frame is copied to where it belongs.

    Args:
        indices: Frames, in order; may repeat. Indices beyond the last whole group are left out.
        size: Frames of a group.

    Attributes:
        size_bytes: What all frames so far take.
        changed: Why no more groups come, if the video changed its size.
    """

    def __init__(self, indices: Sequence[int], size: int) -> None:
        self._size = size
        self._places: dict[int, list[tuple[int, int]]] = {}
        for place, index in enumerate(indices[: len(indices) // size * size]):
            self._places.setdefault(index, []).append(divmod(place, size))
        self._begun: dict[int, _Group] = {}
        self._num_yielded = 0
        self._is_seen: set[int] = set()
        self._screen_size: tuple[int, int] | None = None
        self.size_bytes = 0
        self.changed: MediaError | None = None

    @property
    def indices(self) -> set[int]:
        """Every frame of a group."""
        return set(self._places)

    @property
    def missing(self) -> list[int]:
        """Return the frames that have not come, sorted."""
        return sorted(self.indices - self._is_seen)

    def add(self, index: int, frame: np.ndarray) -> Iterator[np.ndarray]:
        """Take a frame, planes or RGB (H, W, 3); yield the groups that it makes whole."""
        if index in self._is_seen or index not in self._places or self.changed is not None:
            return
        self._is_seen.add(index)
        size = upright_size(frame)
        if self._screen_size not in (None, size):
            self.changed = size_changed(index, now=size, before=self._screen_size)
            return
        self._screen_size = size
        self.size_bytes += frame.nbytes
        for number, place in self._places[index]:
            self._begun.setdefault(number, _Group(self._size)).put(place, frame)
        while (group := self._begun.get(self._num_yielded)) is not None and group.is_whole:
            del self._begun[self._num_yielded]
            self._num_yielded += 1
            yield group.frames


class _Group:
    """Frames of one size; where only some are planes, all are RGB.

    Attributes:
        frames: Those that have come, in their places.
    """

    def __init__(self, size: int) -> None:
        self._missing = set(range(size))
        self._size = size
        self.frames = np.empty(0, np.uint8)

    @property
    def is_whole(self) -> bool:
        """Every frame has come."""
        return not self._missing

    def put(self, place: int, frame: np.ndarray) -> None:
        """Copy a frame to its place."""
        if len(self._missing) == self._size:
            self.frames = np.empty((self._size, *frame.shape), frame.dtype)
        elif self.frames.ndim - 1 < frame.ndim:
            planes, self.frames = self.frames, np.empty((self._size, *frame.shape), frame.dtype)
            for known in set(range(self._size)) - self._missing:
                self.frames[known] = rgb_of_planes(planes[known])
        self.frames[place] = rgb_of_planes(frame) if frame.ndim < self.frames.ndim - 1 else frame
        self._missing.discard(place)
