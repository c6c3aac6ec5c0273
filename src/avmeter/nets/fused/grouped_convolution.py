"""A convolution over time in groups of channels, as one matrix product a group; cuDNN's kernels take ten times as long.

Shapes: B sequences, L frames, D channels in G groups of C = D / G, K taps.

Padded frames of a group lie one behind the other, so what a frame sees, K C numbers, is a row of a matrix whose rows
overlap.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from avmeter.nets.fused.pointwise import gelu

_ROWS, _DEPTH = 128, 64
_SMALLEST_TILE = 16


@triton.jit
def _convolution_kernel(
    x,
    weight,
    bias,
    out,
    num_frames,
    padded_frames,
    depth,
    CHANNELS: tl.constexpr,
    COLUMNS: tl.constexpr,
    ROWS: tl.constexpr,
    DEPTH: tl.constexpr,
    FAST: tl.constexpr,
):
    """GELU of the convolution of ROWS frames of one group; COLUMNS is the power of two from CHANNELS on."""
    block, group, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    num_groups = tl.num_programs(1)
    row = block * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, COLUMNS)
    inner = tl.arange(0, DEPTH)
    is_row, is_column = row < num_frames, column < CHANNELS
    source = x + (sequence * num_groups + group) * padded_frames * CHANNELS + (row * CHANNELS)[:, None]
    kernel = weight + group * depth * CHANNELS + column[None, :]
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    for start in range(0, depth, DEPTH):
        k = start + inner
        seen = tl.load(source + k[None, :], mask=is_row[:, None] & (k < depth)[None, :], other=0.0)
        taps = tl.load(kernel + (k * CHANNELS)[:, None], mask=(k < depth)[:, None] & is_column[None, :], other=0.0)
        total = tl.dot(seen, taps, total)
    total += tl.load(bias + group * CHANNELS + column, mask=is_column, other=0.0)[None, :]
    target = out + ((sequence * num_frames + row) * num_groups * CHANNELS + group * CHANNELS)[:, None] + column[None, :]
    tl.store(target, gelu(total, FAST).to(out.dtype.element_ty), mask=is_row[:, None] & is_column[None, :])


class GroupedConvolution:
    """GELU(convolution(x) + bias), with as many frames out as in; of an even number of taps one more looks back.

    The kernel is tried on zeros while it is built.

    Args:
        weight: (D, C, K), as `torch.nn.functional.conv1d` reads it.
        bias: (D,).
        dtype: Type of the operands, float16 or bfloat16; sums are float32.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, dtype: torch.dtype) -> None:
        dim, self._channels, self._taps = weight.shape
        self._groups = dim // self._channels
        grouped = torch.unflatten(weight.detach(), 0, (self._groups, -1))  # (G, C out, C in, K)
        self._weight = grouped.permute(0, 3, 2, 1).flatten(1, 2).to(dtype).contiguous()  # (G, K C, C out)
        self._bias = bias.detach().float()
        self(weight.new_zeros(1, 2, dim))

    def __call__(self, x: Tensor) -> Tensor:
        """(B, L, D) to the same shape and type."""
        b, length, _ = x.shape
        before = self._taps // 2
        grouped = torch.unflatten(x.to(self._weight.dtype), -1, (self._groups, -1)).transpose(1, 2)
        padded = F.pad(grouped, (0, 0, before, self._taps - 1 - before))
        out = x.new_empty(x.shape)
        with torch.cuda.device_of(x):
            _convolution_kernel[(triton.cdiv(length, _ROWS), self._groups, b)](
                padded.contiguous(), self._weight, self._bias, out, length, padded.shape[2], self._weight.shape[1],
                CHANNELS=self._channels, COLUMNS=max(triton.next_power_of_2(self._channels), _SMALLEST_TILE),
                ROWS=_ROWS, DEPTH=_DEPTH, FAST=x.is_cuda, num_warps=4, num_stages=3,
            )  # fmt: skip
        return out
