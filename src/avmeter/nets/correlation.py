"""All-pairs correlation of two feature maps, looked up in a square around places: what RAFT and AMT find motion with.

Paper: Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow" (ECCV 2020), section 3.2.

    queries (B, D, h, w), targets (B, D, h', w')
      | product of every query with every target, over sqrt(D)
    volume (B, h * w, h', w'), and its means over 2 x 2, 4 x 4, 8 x 8 targets
      | bilinear values at places + (-r .. r), from each level
    (B, levels * (2 r + 1)^2, h, w)

The volume grows with the fourth power of the side of a frame. One of more than `HELD` numbers is made anew, a part of
its queries at a time, for every lookup; the published code holds it whole. Neither changes a value.

Within the square, the published code runs through x first and y second, although the axes of its grids are y and x.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

HELD = 1 << 30
"""Numbers of the largest volume that is held, 4 GiB: that of one pair of frames of 1920 x 1080."""
MIN_SIDE = 16
"""Of the smallest map, of which the coarsest level keeps two pixels; the published code divides by zero at one."""
_PART = 1 << 27  # numbers of the parts of a larger one
_NUM_LEVELS = 4


def pairs_at_once(height: int, width: int) -> int:
    """Return how many pairs of maps of this size have volumes that are held together; at least one."""
    return max(1, HELD // (height * width) ** 2)


def pixel_grid(like: Tensor) -> Tensor:
    """Return x and y of every pixel of maps (B, ..., h, w), as (1, 2, h, w) float32."""
    height, width = like.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device), torch.arange(width, device=like.device), indexing="ij"
    )
    return torch.stack((x, y)).float()[None]


class Correlation:
    """Correlation of queries with targets.

    Args:
        queries: (B, D, h, w), float32.
        targets: (B, D, h', w'), float32, sides of `MIN_SIDE` or more.
        radius: Pixels around a place, r.
    """

    def __init__(self, queries: Tensor, targets: Tensor, *, radius: int) -> None:
        self._queries = queries.flatten(2).transpose(1, 2)
        self._targets = targets.flatten(2)
        self._target_shape = targets.shape[2:]
        offsets = torch.linspace(-radius, radius, 2 * radius + 1, device=queries.device)
        self._square = torch.stack(torch.meshgrid(offsets, offsets, indexing="ij"), dim=-1)[None]
        num_queries = self._queries.shape[1]
        numbers_per_query = len(queries) * self._targets.shape[2]
        is_held = num_queries * numbers_per_query <= HELD
        self._per_part = num_queries if is_held else max(1, _PART // numbers_per_query)
        self._held = self._levels(0) if is_held else None

    def lookup(self, places: Tensor) -> Tensor:
        """Look around places, one for each query, in pixels of the targets.

        Args:
            places: (B, 2, h, w), x and y.

        Returns:
            (B, 4 * (2 r + 1)^2, h, w).
        """
        flat = places.flatten(2).transpose(1, 2)
        found = [self._look(flat[:, start : start + self._per_part], levels) for start, levels in self._parts()]
        return torch.cat(found, dim=1).transpose(1, 2).reshape(len(places), -1, *places.shape[2:])

    def _parts(self) -> Iterator[tuple[int, list[Tensor]]]:
        """Yield the first query of each part, and its levels."""
        if self._held is not None:
            yield 0, self._held
            return
        for start in range(0, self._queries.shape[1], self._per_part):
            yield start, self._levels(start)

    def _levels(self, start: int) -> list[Tensor]:
        """Return the levels of a part, (B * n, 1, h'', w'') each."""
        queries = self._queries[:, start : start + self._per_part]
        with torch.autocast(queries.device.type, enabled=False):
            volume = queries @ self._targets / queries.new_tensor(queries.shape[2]).sqrt()
        levels = [volume.reshape(-1, 1, *self._target_shape)]
        for _ in range(_NUM_LEVELS - 1):
            levels.append(functional.avg_pool2d(levels[-1], 2))
        return levels

    def _look(self, places: Tensor, levels: list[Tensor]) -> Tensor:
        """Look around places (B, n, 2): (B, n, 4 * (2 r + 1)^2)."""
        centres = places.reshape(-1, 1, 1, 2)
        found = []
        for number, level in enumerate(levels):
            size = level.new_tensor([level.shape[3] - 1, level.shape[2] - 1])
            grid = 2 * (centres / 2**number + self._square) / size - 1
            found.append(functional.grid_sample(level, grid, align_corners=True).reshape(*places.shape[:2], -1))
        return torch.cat(found, dim=2)
