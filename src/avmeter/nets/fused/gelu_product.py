"""A matrix product with bias and GELU in one kernel, on Hopper: it needs cards that copy tiles by themselves, and have
144 KB of shared memory.

Elsewhere the product is torch's, and the GELU a pass of its own.

Shapes: R rows (tokens of all sequences).
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from avmeter.nets.fused.pointwise import gelu, gelu_in_place

_ROWS, _COLUMNS, _DEPTH = 128, 256, 64  # tile of the output, and how much of the inner axis is loaded at once
_HOPPER = (9, 0)


@triton.jit(do_not_specialize=["num_rows"])  # or the last, smaller batch of a run would wait for the compiler
def _linear_gelu_kernel(
    x,
    weight,
    out,
    bias,
    num_rows,
    num_columns,
    depth,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    DEPTH: tl.constexpr,
    BAND: tl.constexpr,
    NUM_PROGRAMS: tl.constexpr,
    FAST: tl.constexpr,
):
    """Tiles of GELU(x W^T + b), each program one after the other; BAND rows of tiles share the cached weight."""
    rows_of_tiles = tl.cdiv(num_rows, ROWS)
    columns_of_tiles = tl.cdiv(num_columns, COLUMNS)
    num_tiles = rows_of_tiles * columns_of_tiles
    in_band = BAND * columns_of_tiles
    for tile in tl.range(tl.program_id(0), num_tiles, NUM_PROGRAMS, flatten=True):
        band_start = tile // in_band * BAND
        band = tl.minimum(rows_of_tiles - band_start, BAND)
        row = (band_start + tile % in_band % band) * ROWS
        column = tile % in_band // band * COLUMNS
        total = tl.zeros((ROWS, COLUMNS), tl.float32)
        for k in range(tl.cdiv(depth, DEPTH)):
            total = tl.dot(x.load([row, k * DEPTH]), weight.load([column, k * DEPTH]).T, total)
        place = column + tl.arange(0, COLUMNS)
        total += tl.load(bias + place, mask=place < num_columns, other=0.0).to(tl.float32)[None, :]
        # In two halves, so that the values of one are stored while the other's are computed.
        halves = tl.permute(tl.reshape(total, (ROWS, 2, COLUMNS // 2)), (0, 2, 1))
        left, right = tl.split(halves)
        out.store([row, column], gelu(left, FAST).to(out.dtype))
        out.store([row, column + COLUMNS // 2], gelu(right, FAST).to(out.dtype))


def linear_gelu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """GELU(x W^T + b) of x (R, in), weight (out, in), bias (out,), all of one half-precision type: (R, out)."""
    num_programs = _num_programs(x.device)
    if not num_programs or x.shape[1] % 8 or weight.shape[0] % 8:
        return gelu_in_place(F.linear(x, weight, bias))
    out = x.new_empty(len(x), len(weight))
    _linear_gelu_kernel[(num_programs,)](
        TensorDescriptor.from_tensor(x, [_ROWS, _DEPTH]),
        TensorDescriptor.from_tensor(weight, [_COLUMNS, _DEPTH]),
        TensorDescriptor.from_tensor(out, [_ROWS, _COLUMNS // 2]),
        bias, len(x), len(weight), x.shape[1],
        ROWS=_ROWS, COLUMNS=_COLUMNS, DEPTH=_DEPTH, BAND=8, NUM_PROGRAMS=num_programs, FAST=x.is_cuda,
        num_warps=8, num_stages=3,
    )  # fmt: skip
    return out


@functools.cache
def _num_programs(device: torch.device) -> int:
    """Return how many programs fill the device; 0 where the kernel cannot run. On the CPU, Triton's interpreter."""
    if device.type != "cuda":
        return 4
    if torch.cuda.get_device_capability(device) != _HOPPER:
        return 0
    return torch.cuda.get_device_properties(device).multi_processor_count
