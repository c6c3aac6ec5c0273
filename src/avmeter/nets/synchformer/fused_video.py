"""Synchformer's video tower over fused kernels: the function of `VideoTower`, for GPUs.

Shapes: B segments, T times, N places, R = B T (1 + N) rows, D width, H heads.

Tokens stay in the order of frames: time attention gathers the places itself. The CLS query is answered out of the
keys and values that patches attend to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from avmeter.nets.fused.divided_attention import attend_frames, attend_times
from avmeter.nets.fused.encoder import FusedMlp, ResidualSum
from avmeter.nets.fused.patches import patch_rows
from avmeter.nets.fused.products import add_product
from avmeter.nets.synchformer.layers import Aggregator, attend_once
from avmeter.nets.synchformer.video import DividedAttention, VideoBlock, VideoTower


class _Attention:
    """Norm, projections, and one of the two attentions."""

    def __init__(self, norm: torch.nn.LayerNorm, attention: DividedAttention, residual: ResidualSum) -> None:
        self._num_heads = attention.num_heads
        self._qkv = residual.project(norm, attention.qkv.weight, attention.qkv.bias)
        self._out = residual.add(attention.proj)

    def __call__(self, x: Tensor, grid: tuple[int, int, int], attend: Callable[[Tensor], Tensor]) -> None:
        """Add attention to x (R, D) in place; grid is (B, T, 1 + N)."""
        qkv = self._qkv(x).view(*grid, 3, self._num_heads, -1)
        add_product(x, attend(qkv).view(x.shape), self._out)


class _Block:
    def __init__(self, block: VideoBlock, residual: ResidualSum) -> None:
        self._time = _Attention(block.norm3, block.timeattn, residual)
        self._space = _Attention(block.norm1, block.attn, residual)
        self._mlp = FusedMlp(block.norm2, block.mlp.fc1, block.mlp.fc2, residual)

    def __call__(self, x: Tensor, grid: tuple[int, int, int]) -> None:
        self._time(x, grid, attend_times)
        self._space(x, grid, attend_frames)
        self._mlp(x)


class _Embedding:
    """Pixels to tokens: one product on top of what all segments have in common, positions and the CLS token."""

    def __init__(self, tower: VideoTower, *, dtype: torch.dtype) -> None:
        proj = tower.patch_embed_3d.proj
        self._depth, self._size, _ = proj.kernel_size
        self._weight = proj.weight.detach().flatten(1).to(dtype)
        assert proj.bias is not None
        patches = tower.pos_embed[:, None, 1:] + tower.temp_embed[:, :, None] + proj.bias  # (1, T, N, D)
        cls = (tower.cls_token + tower.pos_embed[:, :1])[:, None].expand(-1, patches.shape[1], -1, -1)
        self._common = torch.cat([cls, patches], dim=2).detach()
        num_times, side = patches.shape[1], math.isqrt(patches.shape[2]) * self._size
        self.pixel_shape = (num_times * self._depth, 3, side, side)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to tokens (B, T, 1 + N, D)."""
        rows = patch_rows(pixels, depth=self._depth, size=self._size, dtype=self._weight.dtype)
        tokens = self._common.repeat(len(pixels), 1, 1, 1)  # a copy even of one: it is written to
        add_product(tokens.view(-1, tokens.shape[-1]), rows.flatten(0, 2), self._weight)
        return tokens


class FusedVideoTower:
    """Pixels of one segment to one feature for each time; the kernels are tried on zeros while it is built.

    Args:
        tower: Holds the weights; the residual stream has their type.
        dtype: Type of the products' operands, float16 or bfloat16.
    """

    def __init__(self, tower: VideoTower, *, dtype: torch.dtype) -> None:
        self._embed = _Embedding(tower, dtype=dtype)
        residual = ResidualSum(tower.norm.weight.shape[0], dtype=dtype, device=tower.norm.weight.device)
        self._blocks = [_Block(cast(VideoBlock, block), residual) for block in tower.blocks]
        self._norm = residual.norm(tower.norm)
        self._pool = _Pooling(tower.spatial_attn_agg, dtype=dtype)
        self(tower.norm.weight.new_zeros(1, *self._embed.pixel_shape))

    def __call__(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to features (B, T, D)."""
        with torch.cuda.device_of(pixels):  # type: ignore[no-untyped-call]
            tokens = self._embed(pixels)
            segments, times, length, dim = tokens.shape
            x = tokens.view(-1, dim)
            for block in self._blocks:
                block(x, (segments, times, length))
            pooled = self._pool(self._norm(x).view(-1, length, dim))
        return torch.unflatten(pooled, 0, (segments, times))


class _Pooling:
    """`Aggregator` over tokens in front of which there is room for its CLS token."""

    def __init__(self, aggregator: Aggregator, *, dtype: torch.dtype) -> None:
        self._aggregator = aggregator
        cls_token = aggregator.cls_token.detach()
        self._norm = ResidualSum(cls_token.shape[-1], dtype=dtype, device=cls_token.device).norm(aggregator.norm1)
        self._cls_normed = aggregator.norm1(cls_token)[0, 0].detach()
        attention = aggregator.self_attn
        dim = cls_token.shape[-1]
        query = torch.nn.functional.linear(
            self._cls_normed, attention.in_proj_weight[:dim], attention.in_proj_bias[:dim]
        )
        self._query = query.detach().view(1, attention.num_heads, -1).to(dtype)
        self._weight_kv = attention.in_proj_weight[dim:].detach().to(dtype)
        self._bias_v = attention.in_proj_bias[2 * dim :].detach().to(dtype)

    def __call__(self, tokens: Tensor) -> Tensor:
        """(B, 1 + N, D), of which the first token is not read, to (B, D)."""
        normed = self._norm(tokens.view(-1, tokens.shape[-1])).view(tokens.shape)
        normed[:, 0] = self._cls_normed
        mixed = attend_once(self._query, normed, self._weight_kv, self._bias_v)
        out_proj = self._aggregator.self_attn.out_proj
        return self._aggregator.finish(out_proj(mixed.to(out_proj.weight.dtype)))
