"""Boxes of one frame after the other, followed as tracks of one object each.

    boxes of frames 0, 1, 2, ... of a shot  ->  tracks: a box for every frame from the first to the last

Source: joonson/syncnet_python, `run_pipeline.py`, `track_shot`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avmeter.stats.boxes import Boxes, intersection_over_union


@dataclass(frozen=True, kw_only=True)
class Track:
    """Where one object is.

    Attributes:
        start: Its first frame.
        boxes: (T, 4), of that frame and those after it; between boxes that were found they move evenly.
        num_found: In how many of the frames it was found.
    """

    start: int
    boxes: Boxes
    num_found: int

    @property
    def side(self) -> float:
        """Mean width or mean height, whichever is larger."""
        return float((self.boxes[:, 2:] - self.boxes[:, :2]).mean(axis=0).max())


def tracks_of_shot(found: Sequence[Boxes], *, start: int, overlap: float, longest_gap: int) -> list[Track]:
    """Follow the boxes of a shot.

    A track begins with the first box that belongs to none, and gets of every frame the first free box that overlaps its
    last one.

    Args:
        found: The boxes of every frame, in order.
        start: Number of the first of these frames.
        overlap: Least intersection over union with the last box, exclusive.
        longest_gap: Frames from one box of a track to the next, at most.
    """
    free = [list(boxes) for boxes in found]
    tracks = []
    for first, boxes in enumerate(free):
        while boxes:
            track = [(first, boxes.pop(0))]
            for number in range(first + 1, len(free)):
                last, box = track[-1]
                if number - last > longest_gap:
                    break
                near = np.flatnonzero(intersection_over_union(box, np.reshape(free[number], (-1, 4))) > overlap)
                if len(near):
                    track.append((number, free[number].pop(int(near[0]))))
            tracks.append(_filled(track, start))
    return tracks


def _filled(track: Sequence[tuple[int, np.ndarray]], start: int) -> Track:
    """Return a track with boxes in the gaps too."""
    numbers = [number for number, _ in track]
    every = np.arange(numbers[0], numbers[-1] + 1)
    corners = np.array([box for _, box in track], np.float64).T
    boxes = np.stack([np.interp(every, numbers, corner) for corner in corners], axis=1)
    return Track(start=start + numbers[0], boxes=boxes, num_found=len(numbers))
