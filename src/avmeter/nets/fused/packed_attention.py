"""Attention of all tokens over all, for head sizes that are no power of two; torch's kernels would pad those.

Shapes: B sequences, L tokens, D width, H heads, E = D / H.
"""

from __future__ import annotations

import math

import triton
import triton.language as tl
from torch import Tensor

_QUERIES, _KEYS = 64, 64
_SMALLEST_TILE = 16  # rows and columns of a matrix product


@triton.jit
def _attend_keys(
    q_wide, q_narrow, peak, total, wide, narrow, address, start, length, scale, dim,
    WIDE: tl.constexpr, NARROW: tl.constexpr, KEYS: tl.constexpr, IS_WHOLE: tl.constexpr,
):  # fmt: skip
    """Take KEYS more keys into a running softmax."""
    key = start + tl.arange(0, KEYS)
    column_wide, column_narrow = tl.arange(0, WIDE)[None, :], WIDE + tl.arange(0, NARROW)[None, :]
    where = address + dim + (key * 3 * dim)[:, None]
    if IS_WHOLE:
        k_wide, k_narrow = tl.load(where + column_wide), tl.load(where + column_narrow)
        v_wide, v_narrow = tl.load(where + dim + column_wide), tl.load(where + dim + column_narrow)
    else:
        is_key = (key < length)[:, None]
        k_wide = tl.load(where + column_wide, mask=is_key, other=0.0)
        k_narrow = tl.load(where + column_narrow, mask=is_key, other=0.0)
        v_wide = tl.load(where + dim + column_wide, mask=is_key, other=0.0)
        v_narrow = tl.load(where + dim + column_narrow, mask=is_key, other=0.0)
    score = tl.dot(q_narrow, tl.trans(k_narrow), tl.dot(q_wide, tl.trans(k_wide)))
    if not IS_WHOLE:
        score = tl.where((key < length)[None, :], score, float("-inf"))
    new_peak = tl.maximum(peak, tl.max(score, 1) * scale)
    shrink = tl.exp2(peak - new_peak)
    weight = tl.exp2(score * scale - new_peak[:, None])
    total = total * shrink + tl.sum(weight, 1)
    weight = weight.to(v_wide.dtype)
    wide = tl.dot(weight, v_wide, wide * shrink[:, None])
    narrow = tl.dot(weight, v_narrow, narrow * shrink[:, None])
    return new_peak, total, wide, narrow


@triton.jit
def _attention_kernel(
    qkv,
    out,
    scale,
    length,
    num_heads,
    WIDE: tl.constexpr,
    NARROW: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    NUM_WHOLE: tl.constexpr,
    TAIL: tl.constexpr,
):
    """QUERIES queries of one head; WIDE and NARROW are powers of two whose sum is the head's size."""
    block, head, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    dim = num_heads * (WIDE + NARROW)
    row = block * QUERIES + tl.arange(0, QUERIES)
    is_row = (row < length)[:, None]
    column_wide, column_narrow = tl.arange(0, WIDE)[None, :], WIDE + tl.arange(0, NARROW)[None, :]
    address = qkv + sequence * length * 3 * dim + head * (WIDE + NARROW)
    where = address + (row * 3 * dim)[:, None]
    q_wide = tl.load(where + column_wide, mask=is_row, other=0.0)
    q_narrow = tl.load(where + column_narrow, mask=is_row, other=0.0)
    peak = tl.full((QUERIES,), float("-inf"), tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    wide = tl.zeros((QUERIES, WIDE), tl.float32)
    narrow = tl.zeros((QUERIES, NARROW), tl.float32)
    for i in range(NUM_WHOLE):
        peak, total, wide, narrow = _attend_keys(
            q_wide, q_narrow, peak, total, wide, narrow, address, i * KEYS, length, scale, dim,
            WIDE, NARROW, KEYS, True,
        )  # fmt: skip
    if TAIL > 0:
        peak, total, wide, narrow = _attend_keys(
            q_wide, q_narrow, peak, total, wide, narrow, address, NUM_WHOLE * KEYS, length, scale, dim,
            WIDE, NARROW, TAIL, False,
        )  # fmt: skip
    target = out + ((sequence * length + row) * dim)[:, None] + head * (WIDE + NARROW)
    tl.store(target + column_wide, (wide / total[:, None]).to(out.dtype.element_ty), mask=is_row)
    tl.store(target + column_narrow, (narrow / total[:, None]).to(out.dtype.element_ty), mask=is_row)


def is_worth_packing(size: int) -> bool:
    """Return True for head sizes E that are the sum of two powers of two from 16 on, as ImageBind's 80 is."""
    wide = _largest_power(size)
    rest = size - wide
    return rest >= _SMALLEST_TILE and rest == _largest_power(rest)


def attend_packed(qkv: Tensor) -> Tensor:
    """Softmax attention.

    Args:
        qkv: (B, L, 3, H, E), contiguous, float16 or bfloat16; E as `is_worth_packing` says.

    Returns:
        (B, L, D).
    """
    b, length, _, heads, size = qkv.shape
    out = qkv.new_empty(b, length, heads * size)
    num_whole, rest = divmod(length, _KEYS)
    wide = _largest_power(size)
    _attention_kernel[(triton.cdiv(length, _QUERIES), heads, b)](
        qkv, out, 1 / (math.sqrt(size) * math.log(2)), length, heads,
        WIDE=wide, NARROW=size - wide, QUERIES=_QUERIES, KEYS=_KEYS, NUM_WHOLE=num_whole,
        TAIL=max(triton.next_power_of_2(rest), _SMALLEST_TILE) if rest else 0, num_warps=4, num_stages=2,
    )  # fmt: skip
    return out


def _largest_power(size: int) -> int:
    return 1 << (size.bit_length() - 1)
