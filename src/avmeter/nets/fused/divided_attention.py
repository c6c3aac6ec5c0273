"""Divided space-time attention out of the products that it reads, without moving tokens or building masks.

Shapes: B segments, T times, N places, D width, H heads. Tokens are (B, T, 1 + N, D), as in Synchformer's video tower:
place 0 of every time is a copy of the one CLS token.

A program attends for one head within a group of patches, in front of which stands the CLS token. What the CLS query
gets of these patches (not of itself) is a share: the largest score, the sum of weights, the weighted sum of values.
`_attend_cls_kernel` puts the shares of all groups together. Scores are in units of log 2: `scale` is
1 / (sqrt(HEAD) ln 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

_TIME_TILE = 64  # tokens that a program of time attention holds
_QUERIES, _KEYS = 128, 64
_SMALLEST_TILE = 16  # rows of a matrix product


@triton.jit
def _store_share(peaks, sums, values, share, peak, total, mixed, row, column, HEAD: tl.constexpr):
    """Store what row 0, the CLS query, has found."""
    is_cls = row == 0
    tl.store(peaks + share + row * 0, peak, mask=is_cls)
    tl.store(sums + share + row * 0, total, mask=is_cls)
    tl.store(values + share * HEAD + column[None, :] + (row * 0)[:, None], mixed, mask=is_cls[:, None])


@triton.jit
def _time_attention_kernel(
    qkv,
    out,
    peaks,
    sums,
    values,
    scale,
    num_times,
    num_places,
    num_heads,
    PLACES: tl.constexpr,
    ROWS: tl.constexpr,
    HEAD: tl.constexpr,
):
    """A patch sees the CLS token and its own place at all times; PLACES places share a program."""
    head, group, segment = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    dim = num_heads * HEAD
    row = tl.arange(0, ROWS)
    column = tl.arange(0, HEAD)
    is_cls = row == 0
    time = tl.where(is_cls, 0, (row - 1) % num_times)
    own = tl.where(is_cls, 0, (row - 1) // num_times)
    place = group * PLACES + own
    is_patch = (row > 0) & (own < PLACES) & (place < num_places)
    token = (segment * num_times + time) * (1 + num_places) + tl.where(is_cls, 0, 1 + place)
    address = qkv + (token * 3 * dim + head * HEAD)[:, None] + column[None, :]
    is_token = (is_patch | is_cls)[:, None]
    q = tl.load(address, mask=is_token, other=0.0)
    k = tl.load(address + dim, mask=is_token, other=0.0)
    v = tl.load(address + 2 * dim, mask=is_token, other=0.0)
    same_place = is_patch[:, None] & is_patch[None, :] & (own[:, None] == own[None, :])
    visible = same_place | (is_cls[None, :] & (row > 0)[:, None]) | (is_cls[:, None] & is_patch[None, :])
    score = tl.where(visible, tl.dot(q, tl.trans(k)) * scale, float("-inf"))
    peak = tl.max(score, 1)
    weight = tl.exp2(score - peak[:, None])
    total = tl.sum(weight, 1)
    mixed = tl.dot(weight.to(v.dtype), v)
    target = out + (token * dim + head * HEAD)[:, None] + column[None, :]
    tl.store(target, (mixed / total[:, None]).to(out.dtype.element_ty), mask=is_patch[:, None])
    share = (segment * num_heads + head) * tl.num_programs(1) + group
    _store_share(peaks, sums, values, share, peak, total, mixed, row, column, HEAD)


@triton.jit
def _attend_keys(
    q, peak, total, mixed, address, start, length, is_cls, scale, dim,
    KEYS: tl.constexpr, IS_FIRST: tl.constexpr, IS_WHOLE: tl.constexpr,
):  # fmt: skip
    """Take KEYS more keys into a running softmax; the CLS query does not see its own key, the first of all."""
    key = start + tl.arange(0, KEYS)
    where = address + (key * 3 * dim)[:, None]
    if IS_WHOLE:
        k = tl.load(where + dim)
        v = tl.load(where + 2 * dim)
    else:
        k = tl.load(where + dim, mask=(key < length)[:, None], other=0.0)
        v = tl.load(where + 2 * dim, mask=(key < length)[:, None], other=0.0)
    score = tl.dot(q, tl.trans(k))
    if IS_FIRST:
        score = tl.where(is_cls[:, None] & (key == 0)[None, :], float("-inf"), score)
    if not IS_WHOLE:
        score = tl.where((key < length)[None, :], score, float("-inf"))
    new_peak = tl.maximum(peak, tl.max(score, 1) * scale)
    shrink = tl.exp2(peak - new_peak)
    weight = tl.exp2(score * scale - new_peak[:, None])
    mixed = tl.dot(weight.to(v.dtype), v, mixed * shrink[:, None])
    return new_peak, total * shrink + tl.sum(weight, 1), mixed


@triton.jit
def _space_attention_kernel(
    qkv,
    out,
    peaks,
    sums,
    values,
    scale,
    num_times,
    length,
    num_heads,
    HEAD: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    NUM_WHOLE: tl.constexpr,
    TAIL: tl.constexpr,
):
    """A patch sees its frame, the CLS token included; NUM_WHOLE blocks of KEYS keys and one of TAIL cover `length`."""
    block, head, frame = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    dim = num_heads * HEAD
    row = block * QUERIES + tl.arange(0, QUERIES)
    column = tl.arange(0, HEAD)
    is_row, is_cls = row < length, row == 0
    address = qkv + frame * length * 3 * dim + head * HEAD + column[None, :]
    q = tl.load(address + (row * 3 * dim)[:, None], mask=is_row[:, None], other=0.0)
    peak = tl.full((QUERIES,), float("-inf"), tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    mixed = tl.zeros((QUERIES, HEAD), tl.float32)
    if NUM_WHOLE > 0:
        peak, total, mixed = _attend_keys(
            q, peak, total, mixed, address, 0, length, is_cls, scale, dim, KEYS, True, True
        )  # fmt: skip
    for i in range(1, NUM_WHOLE):
        peak, total, mixed = _attend_keys(
            q, peak, total, mixed, address, i * KEYS, length, is_cls, scale, dim, KEYS, False, True
        )  # fmt: skip
    if TAIL > 0:
        peak, total, mixed = _attend_keys(
            q, peak, total, mixed, address, NUM_WHOLE * KEYS, length, is_cls, scale, dim, TAIL, NUM_WHOLE == 0, False
        )  # fmt: skip
    target = out + ((frame * length + row) * dim + head * HEAD)[:, None] + column[None, :]
    tl.store(target, (mixed / total[:, None]).to(out.dtype.element_ty), mask=(is_row & ~is_cls)[:, None])
    share = ((frame // num_times) * num_heads + head) * num_times + frame % num_times
    _store_share(peaks, sums, values, share, peak, total, mixed, row, column, HEAD)


@triton.jit
def _attend_cls_kernel(
    qkv,
    out,
    peaks,
    sums,
    values,
    scale,
    num_times,
    length,
    num_heads,
    num_shares,
    TIMES: tl.constexpr,
    SHARES: tl.constexpr,
    HEAD: tl.constexpr,
):
    """Put the shares of the CLS query together, add its own key and value, and write it to all its copies."""
    head, segment = tl.program_id(0), tl.program_id(1).to(tl.int64)
    dim = num_heads * HEAD
    column = tl.arange(0, HEAD)
    number = tl.arange(0, SHARES)
    is_share = number < num_shares
    first = segment * num_times * length
    address = qkv + first * 3 * dim + head * HEAD + column
    q = tl.load(address).to(tl.float32)
    own_score = tl.sum(q * tl.load(address + dim).to(tl.float32), 0) * scale
    share = (segment * num_heads + head) * num_shares + number
    peak = tl.load(peaks + share, mask=is_share, other=float("-inf"))
    highest = tl.maximum(tl.max(peak, 0), own_score)
    shrink = tl.exp2(peak - highest)
    own_weight = tl.exp2(own_score - highest)
    total = tl.sum(tl.load(sums + share, mask=is_share, other=0.0) * shrink, 0) + own_weight
    shares = tl.load(values + share[:, None] * HEAD + column[None, :], mask=is_share[:, None], other=0.0)
    mixed = tl.sum(shares * shrink[:, None], 0) + own_weight * tl.load(address + 2 * dim).to(tl.float32)
    mixed = (mixed / total).to(out.dtype.element_ty)
    time = tl.arange(0, TIMES)
    target = out + ((first + time * length) * dim + head * HEAD)[:, None] + column[None, :]
    tl.store(target, mixed[None, :] + tl.zeros((TIMES, HEAD), mixed.dtype), mask=(time < num_times)[:, None])


@dataclass(frozen=True, kw_only=True)
class _Shares:
    """What the CLS query gets of each group of patches: (B, H, groups), (B, H, groups), (B, H, groups, D / H)."""

    peaks: Tensor
    sums: Tensor
    values: Tensor

    @classmethod
    def empty(cls, qkv: Tensor, num_groups: int) -> _Shares:
        shape = (len(qkv), qkv.shape[4], num_groups)
        peaks, sums = (torch.empty(shape, dtype=torch.float32, device=qkv.device) for _ in range(2))
        return cls(peaks=peaks, sums=sums, values=peaks.new_empty(*shape, qkv.shape[5]))


def attend_times(qkv: Tensor) -> Tensor:
    """A patch sees the CLS token and its own place at all times; the CLS token sees all patches.

    Args:
        qkv: (B, T, 1 + N, 3, H, D / H), contiguous, float16 or bfloat16; D / H a power of two from 16 on.

    Returns:
        (B, T, 1 + N, D).
    """
    b, t, n, _, heads, size = qkv.shape
    rows = max(_TIME_TILE, triton.next_power_of_2(1 + t))
    places = (rows - 1) // t
    num_groups = triton.cdiv(n - 1, places)
    out = qkv.new_empty(b, t, n, heads * size)
    shares = _Shares.empty(qkv, num_groups)
    _time_attention_kernel[(heads, num_groups, b)](
        qkv, out, shares.peaks, shares.sums, shares.values, _scale(size), t, n - 1, heads,
        PLACES=places, ROWS=rows, HEAD=size, num_warps=4,
    )  # fmt: skip
    _attend_cls(qkv, out, shares)
    return out


def attend_frames(qkv: Tensor) -> Tensor:
    """A patch sees the CLS token and its own frame; the CLS token sees all patches.

    Args:
        qkv: (B, T, 1 + N, 3, H, D / H), contiguous, float16 or bfloat16; D / H a power of two from 16 on.

    Returns:
        (B, T, 1 + N, D).
    """
    b, t, n, _, heads, size = qkv.shape
    out = qkv.new_empty(b, t, n, heads * size)
    shares = _Shares.empty(qkv, t)
    num_whole, rest = divmod(n, _KEYS)
    tail = max(triton.next_power_of_2(rest), _SMALLEST_TILE) if rest else 0
    _space_attention_kernel[(triton.cdiv(n, _QUERIES), heads, b * t)](
        qkv, out, shares.peaks, shares.sums, shares.values, _scale(size), t, n, heads,
        HEAD=size, QUERIES=_QUERIES, KEYS=_KEYS, NUM_WHOLE=num_whole, TAIL=tail, num_warps=8, num_stages=3,
    )  # fmt: skip
    _attend_cls(qkv, out, shares)
    return out


def _attend_cls(qkv: Tensor, out: Tensor, shares: _Shares) -> None:
    b, t, n, _, heads, size = qkv.shape
    num_shares = shares.peaks.shape[-1]
    _attend_cls_kernel[(heads, b)](
        qkv, out, shares.peaks, shares.sums, shares.values, _scale(size), t, n, heads, num_shares,
        TIMES=triton.next_power_of_2(t), SHARES=triton.next_power_of_2(num_shares), HEAD=size, num_warps=1,
    )  # fmt: skip


def _scale(size: int) -> float:
    return 1 / (math.sqrt(size) * math.log(2))
