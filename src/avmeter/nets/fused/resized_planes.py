"""Frames as decoded (4:2:0, 8 bits) to resized RGB, in two passes over memory.

    (n, rows of planes, W) uint8 -> across: RGB of whole numbers, summed over neighbours -> down: summed over lines

Shapes: n frames of H lines and W columns, S lines and columns afterwards, T neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Taps:
    """Which neighbours along one axis make a value, and how much each counts.

    Attributes:
        starts: (S,) int32, the first of T neighbours.
        weights: (T, S) float32; 0 beyond the last one that counts.
    """

    starts: Tensor
    weights: Tensor


@triton.jit
def _across_kernel(
    planes, starts, weights, out, num_rows, width, size, plane_rows, black, gain, red, blue, green_u, green_v,
    TAPS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write one line of one frame, in three colours; COLUMNS is the power of two from `size` on."""
    row, frame = tl.program_id(0), tl.program_id(1).to(tl.int64)
    x = tl.arange(0, COLUMNS)
    inside = x < size
    start = tl.load(starts + x, mask=inside, other=0)
    base = planes + frame * plane_rows * width
    colour = base + num_rows * width + row // 2 * (width // 2)
    r = tl.zeros([COLUMNS], tl.float32)
    g = tl.zeros([COLUMNS], tl.float32)
    b = tl.zeros([COLUMNS], tl.float32)
    for tap in range(TAPS):
        column = tl.minimum(start + tap, width - 1)
        weight = tl.load(weights + tap * size + x, mask=inside, other=0.0) / 255.0
        y = tl.load(base + row * width + column, mask=inside, other=0).to(tl.int32)
        u = (tl.load(colour + column // 2, mask=inside, other=0).to(tl.int32) - 128) * 8
        v = tl.load(colour + num_rows // 2 * (width // 2) + column // 2, mask=inside, other=0).to(tl.int32)
        v = (v - 128) * 8
        y = ((y - black) * (8 * gain)) >> 16
        r += weight * tl.minimum(tl.maximum(y + ((v * red) >> 16), 0), 255).to(tl.float32)
        g += weight * tl.minimum(tl.maximum(y + ((u * green_u) >> 16) + ((v * green_v) >> 16), 0), 255).to(tl.float32)
        b += weight * tl.minimum(tl.maximum(y + ((u * blue) >> 16), 0), 255).to(tl.float32)
    line = out + ((frame * 3) * num_rows + row) * size + x
    tl.store(line, r, mask=inside)
    tl.store(line + num_rows * size, g, mask=inside)
    tl.store(line + 2 * num_rows * size, b, mask=inside)


@triton.jit
def _down_kernel(lines, starts, weights, out, num_rows, size, TAPS: tl.constexpr, COLUMNS: tl.constexpr):
    """Write one line of one colour of one frame."""
    row, image = tl.program_id(0), tl.program_id(1).to(tl.int64)
    x = tl.arange(0, COLUMNS)
    inside = x < size
    start = tl.load(starts + row)
    value = tl.zeros([COLUMNS], tl.float32)
    for tap in range(TAPS):
        weight = tl.load(weights + tap * size + row)
        line = tl.minimum(start + tap, num_rows - 1)
        value += weight * tl.load(lines + (image * num_rows + line) * size + x, mask=inside, other=0.0)
    tl.store(out + (image * size + row) * size + x, value, mask=inside)


def resize_planes(planes: Tensor, gains: tuple[int, ...], black: int, *, across: Taps, down: Taps) -> Tensor:
    """Convert and resize frames of one size and one code.

    Args:
        planes: (n, H + H / 2 + 1, W) uint8, contiguous, upright.
        gains: Factors for Y, red by V, blue by U, green by U and green by V, in 1 / 8192.
        black: Y of black.
        across: Of W columns.
        down: Of H lines.

    Returns:
        (n, 3, S, S) float32 in [0, 1], not clamped.
    """
    num_frames, plane_rows, width = planes.shape
    num_rows, size = (plane_rows - 1) // 3 * 2, len(across.starts)
    gain, red, blue, green_u, green_v = gains
    columns = triton.next_power_of_2(size)
    lines = torch.empty(num_frames, 3, num_rows, size, device=planes.device)
    out = torch.empty(num_frames, 3, size, size, device=planes.device)
    _across_kernel[(num_rows, num_frames)](
        planes, across.starts, across.weights, lines, num_rows, width, size, plane_rows,
        black, gain, red, blue, green_u, green_v, TAPS=len(across.weights), COLUMNS=columns, num_warps=4,
    )  # fmt: skip
    _down_kernel[(size, num_frames * 3)](
        lines, down.starts, down.weights, out, num_rows, size, TAPS=len(down.weights), COLUMNS=columns, num_warps=4
    )
    return out
