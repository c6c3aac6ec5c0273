"""Space-time patches of videos, laid out as rows of a matrix product.

Shapes: B segments, T times of `depth` frames, N places, K = 3 depth size^2 numbers of a patch.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _patches_kernel(
    pixels, out, rows, columns,
    CHANNELS: tl.constexpr, DEPTH: tl.constexpr, SIZE: tl.constexpr, LENGTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Copy one patch, or zeros in place of the CLS token; LENGTH numbers, BLOCK is the power of two from there on."""
    token, frame = tl.program_id(0), tl.program_id(1).to(tl.int64)
    number = tl.arange(0, BLOCK)
    x, y = number % SIZE, number // SIZE % SIZE
    depth, channel = number // (SIZE * SIZE) % DEPTH, number // (SIZE * SIZE * DEPTH)
    place = token - 1
    width, height = columns * SIZE, rows * SIZE
    line = ((frame * DEPTH + depth) * CHANNELS + channel) * height + place // columns * SIZE + y
    inside = number < LENGTH
    value = tl.load(pixels + line * width + place % columns * SIZE + x, mask=inside & (token > 0), other=0.0)
    tl.store(
        out + (frame * (1 + rows * columns) + token) * LENGTH + number, value.to(out.dtype.element_ty), mask=inside
    )


def patch_rows(pixels: Tensor, *, depth: int, size: int, dtype: torch.dtype) -> Tensor:
    """Lay out patches, numbers in the order channel, frame, line, column.

    Args:
        pixels: (B, T depth, C, height, width), contiguous.
        depth: Frames of a patch.
        size: Height and width of a patch.
        dtype: Type of the output.

    Returns:
        (B, T, 1 + N, K); in front of every time a row of zeros, where a CLS token goes.
    """
    b, frames, channels, height, width = pixels.shape
    rows, columns, length = height // size, width // size, channels * depth * size * size
    out = torch.empty(b, frames // depth, 1 + rows * columns, length, dtype=dtype, device=pixels.device)
    _patches_kernel[(1 + rows * columns, b * (frames // depth))](
        pixels.contiguous(), out, rows, columns,
        CHANNELS=channels, DEPTH=depth, SIZE=size, LENGTH=length, BLOCK=triton.next_power_of_2(length), num_warps=4,
    )  # fmt: skip
    return out
