"""Divided attention by Triton against the sums that define it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from support.triton_kernels import DTYPES, error, normal, rounding

from avmeter.nets.fused.divided_attention import attend_frames, attend_times  # isort: skip

# (times, places, heads, head size): Synchformer's, with fewer heads; one block of keys; no whole block; odd numbers.
GRIDS = [(8, 196, 2, 64), (4, 63, 1, 32), (4, 4, 2, 16), (3, 17, 1, 32)]


def products(grid: tuple[int, int, int, int], dtype: torch.dtype, *, cls_scale: float = 1.0) -> Tensor:
    """Queries, keys and values of two segments; the CLS token has copies at all times."""
    times, places, heads, size = grid
    qkv = normal(2, times, 1 + places, 3, heads, size)
    qkv[:, :, 0] = cls_scale * qkv[:, :1, 0]
    return qkv.to(dtype)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """(..., Lq, H, E) over (..., Lk, H, E)."""
    scores = torch.einsum("...qhe,...khe->...hqk", q, k) * q.shape[-1] ** -0.5
    return torch.einsum("...hqk,...khe->...qhe", scores.softmax(-1), v)


def by_definition(qkv: Tensor, *, over_times: bool) -> Tensor:
    """The CLS token sees itself and all patches; a patch the CLS token and its own place, or its own frame."""
    q, k, v = qkv.double().unbind(3)
    cls_k, cls_v = k[:, :1, :1], v[:, :1, :1]
    whole_k, whole_v = (torch.cat([c[:, 0], t[:, :, 1:].flatten(1, 2)], dim=1) for c, t in ((cls_k, k), (cls_v, v)))
    out = torch.empty_like(q)
    out[:, :, :1] = attend(q[:, 0, :1], whole_k, whole_v)[:, None]
    if over_times:
        q, k, v = (t[:, :, 1:].transpose(1, 2) for t in (q, k, v))  # (B, N, T, H, E)
        k, v = (torch.cat([c.expand(-1, t.shape[1], -1, -1, -1), t], dim=2) for c, t in ((cls_k, k), (cls_v, v)))
        out[:, :, 1:] = attend(q, k, v).transpose(1, 2)
    else:
        out[:, :, 1:] = attend(q[:, :, 1:], k, v)
    return out.flatten(3)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_over_times_is_that_of_the_definition(grid: tuple[int, int, int, int], dtype: torch.dtype) -> None:
    """Of patches and of the CLS token, in all its copies."""
    qkv = products(grid, dtype)
    exact = by_definition(qkv, over_times=True)
    out = attend_times(qkv)
    assert error(out, exact) < 2 * rounding(dtype)
    assert error(out[:, :, 0], exact[:, :, 0]) < 2 * rounding(dtype)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_within_frames_is_that_of_the_definition(grid: tuple[int, int, int, int], dtype: torch.dtype) -> None:
    """Of patches and of the CLS token, in all its copies."""
    qkv = products(grid, dtype)
    exact = by_definition(qkv, over_times=False)
    out = attend_frames(qkv)
    assert error(out, exact) < 2 * rounding(dtype)
    assert error(out[:, :, 0], exact[:, :, 0]) < 2 * rounding(dtype)


@pytest.mark.parametrize("attention", [attend_times, attend_frames])
def test_a_dominant_cls_token_counts_once(attention: object) -> None:
    """Its copies are no keys of their own, also where they would outweigh all patches."""
    qkv = products((4, 20, 1, 32), torch.float16, cls_scale=4.0)
    exact = by_definition(qkv, over_times=attention is attend_times)
    out = (attend_times if attention is attend_times else attend_frames)(qkv)
    assert error(out, exact) < 2 * rounding(torch.float16)
