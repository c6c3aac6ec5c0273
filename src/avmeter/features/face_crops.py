"""Where a face is cut out of the frames of its track, and how.

Source of `cut`: joonson/syncnet_python, `run_pipeline.py`, `crop_video`. Differs from it: crops are not compressed on
their way to the network, where they go through MPEG-4 and JPEG there.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.stats.box_tracks import Track
from avmeter.stats.boxes import Boxes

CROP_SCALE = 0.4  # of half a face, added on either side; twice of it below
_SMOOTHED = 13  # boxes whose median is taken
_PADDING = 110  # grey beside the frame


@dataclass(frozen=True, kw_only=True)
class Crops:
    """Squares around a face, smoothed over time.

    Attributes:
        track: The face's.
        x: (T,) middle, pixels.
        y: (T,) the same down.
        half: (T,) half of the box's longer side.
    """

    track: Track
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    half: npt.NDArray[np.float64]

    @classmethod
    def of(cls, track: Track) -> Crops:
        """Return the squares of a track: medians over 13 boxes, with zeros beyond its ends."""
        left, top, right, bottom = track.boxes.T
        half = np.maximum(right - left, bottom - top) / 2
        return cls(
            track=track,
            x=_smoothed((left + right) / 2),
            y=_smoothed((top + bottom) / 2),
            half=_smoothed(half),
        )

    def cut(self, frame: npt.NDArray[np.uint8], place: int, side: int) -> npt.NDArray[np.uint8]:
        """Return the face (side, side, 3) of the track's box at a place, out of its frame (H, W, 3)."""
        half = self.half[place]
        margin = int(half * (1 + 2 * CROP_SCALE))
        x, y = self.x[place] + margin, self.y[place] + margin
        top, bottom = int(y - half) - margin, int(y + half * (1 + 2 * CROP_SCALE)) - margin
        reach = half * (1 + CROP_SCALE)
        left, right = int(x - reach) - margin, int(x + reach) - margin
        return _stretched(frame, (top, bottom), (left, right), side)

    def cut_around(self, frame: npt.NDArray[np.uint8], place: int, side: int, *, reach: float) -> npt.NDArray[np.uint8]:
        """Return a square (side, side, 3) in whose middle the box is, out of its frame (H, W, 3).

        Args:
            frame: That of the box.
            place: Of the box in its track.
            side: Pixels of the square.
            reach: From its middle to its edges, in halves of the box's longer side.
        """
        spread = reach * self.half[place]
        rows, columns = ((round(middle[place] - spread), round(middle[place] + spread)) for middle in (self.y, self.x))
        return _stretched(frame, rows, columns, side)


def shots_of(cuts: list[int], num_ticks: int) -> list[tuple[int, int]]:
    """Return first tick and end of every shot."""
    edges = [0, *cuts, num_ticks]
    return list(itertools.pairwise(edges))


def by_tick(boxes: Boxes, ticks: npt.NDArray[np.int64], shot: tuple[int, int]) -> list[Boxes]:
    """Return the boxes of every tick of a shot."""
    edges = np.searchsorted(ticks, np.arange(shot[0], shot[1] + 1))
    return [boxes[start:stop] for start, stop in itertools.pairwise(edges)]


def _smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the median of each value and its neighbours (T,); beyond the ends stand zeros, as in SciPy's `medfilt`."""
    padded = np.pad(values, _SMOOTHED // 2)
    found: npt.NDArray[np.float64] = np.median(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED), axis=1)
    return found


def _stretched(
    frame: npt.NDArray[np.uint8], rows: tuple[int, int], columns: tuple[int, int], side: int
) -> npt.NDArray[np.uint8]:
    """Stretch these rows and columns of a frame to a square, grey where they lie beside it.

    Bilinear without antialiasing, as OpenCV does by default; of what is beyond the frame nothing is built.
    """
    (above, below, down), (before, behind, across) = _taps(rows, side), _taps(columns, side)
    upper = _mixed(_pixels(frame, above, before), _pixels(frame, above, behind), across[:, None])
    lower = _mixed(_pixels(frame, below, before), _pixels(frame, below, behind), across[:, None])
    found: npt.NDArray[np.uint8] = np.rint(_mixed(upper, lower, down[:, None, None])).astype(np.uint8)
    return found


def _mixed(
    one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], share: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    mixed: npt.NDArray[np.float32] = one + (other - one) * share
    return mixed


def _taps(span: tuple[int, int], side: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Any]:
    """Return the two neighbours of every place (side,), and the share of the second one."""
    length = max(span[1] - span[0], 1)
    places = np.maximum((np.arange(side) + 0.5) * (length / side) - 0.5, 0)
    low = np.minimum(places.astype(np.int64), length - 1)
    return span[0] + low, span[0] + np.minimum(low + 1, length - 1), (places - low).astype(np.float32)


def _pixels(
    frame: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    height, width = frame.shape[:2]
    inside = frame[rows.clip(0, height - 1)][:, columns.clip(0, width - 1)]
    found: npt.NDArray[np.float32] = inside.astype(np.float32)
    found[(rows < 0) | (rows >= height)] = _PADDING
    found[:, (columns < 0) | (columns >= width)] = _PADDING
    return found
