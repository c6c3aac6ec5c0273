"""Turn a decoded frame so that it stands as it does on the screen."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """One of the eight ways to lay a frame: swap the axes first, then mirror rows and columns."""

    swaps_sides: bool = False
    mirrors_rows: bool = False  # upside down
    mirrors_columns: bool = False  # left and right

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn, degrees: 0, 90, 180 or 270. Of a mirrored frame, the turn after mirroring left and right."""
        if not self.swaps_sides:
            return 180 if self.mirrors_rows else 0
        return 270 if self.mirrors_rows else 90

    def apply(self, frame: np.ndarray) -> np.ndarray:
        """Return the frame (H, W, ...) as it stands on the screen; contiguous."""
        if self.swaps_sides:
            frame = frame.swapaxes(0, 1)
        if self.mirrors_rows:
            frame = frame[::-1]
        if self.mirrors_columns:
            frame = frame[:, ::-1]
        return np.ascontiguousarray(frame)


UPRIGHT = Orientation()


def orientation_of(frame: Any) -> Orientation:
    """Return the orientation by the display matrix that comes with a decoded frame; upright if there is none.

    The matrix (a b u; c d v; x y w) maps a position (p, q) to (a p + c q, b p + d q): x to the right, y downwards.
    Only quarter turns and mirrors are applied; any other angle is taken for the nearest of them.
    """
    side_data = frame.side_data.get("DISPLAYMATRIX")
    if side_data is None:
        return UPRIGHT
    a, b, _, c, d = struct.unpack("=5i", bytes(side_data)[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(mirrors_rows=d < 0, mirrors_columns=a < 0)
    return Orientation(swaps_sides=True, mirrors_rows=b < 0, mirrors_columns=c < 0)
