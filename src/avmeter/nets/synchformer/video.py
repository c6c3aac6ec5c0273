"""Synchformer's video tower: a ViT with divided space-time attention (TimeSformer, Motionformer).

Shapes: B segments, T times, N places, D width, H heads.

Tokens are kept as (B, T, 1 + N, D): in front of every frame's patches stands a copy of the one CLS
token. The copies are equal at all times; they cost half a percent of the matrix products, and in
return keys and values of a frame lie behind those of the CLS token without being moved.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.synchformer.config import SynchformerConfig
from avmeter.nets.synchformer.layers import Aggregator, Mlp, attend


class TubeletEmbedding(nn.Module):
    """Non-overlapping space-time patches, projected; a convolution whose stride is its kernel."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        kernel = (config.tubelet_size, config.patch_size, config.patch_size)
        self.proj = nn.Conv3d(3, config.dim, kernel, stride=kernel)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to (B, T, N, D)."""
        b, t, c, h, w = pixels.shape
        depth, size, _ = self.proj.kernel_size
        x = pixels.reshape(b, t // depth, depth, c, h // size, size, w // size, size)
        # (B, T, depth, 3, rows, size, columns, size) to (B, T, rows, columns, 3, depth, size, size)
        x = x.permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4).flatten(2, 3)
        return F.linear(x, self.proj.weight.flatten(1), self.proj.bias)


class DividedAttention(nn.Module):
    """What both attentions share: the CLS query sees every token, a patch query only its group."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def _project(self, x: Tensor) -> Tensor:
        """(B, T, 1 + N, D) to queries, keys, values (B, T, 1 + N, 3, H, D / H)."""
        return torch.unflatten(self.qkv(x), -1, (3, self.num_heads, -1))

    def _attend_cls(self, qkv: Tensor, cls_once: Tensor) -> Tensor:
        """The CLS query over all tokens: (B, 1, D)."""
        _, k, v = qkv.flatten(1, 2).unbind(2)
        return attend(qkv[:, 0, :1, 0], k, v, bias=cls_once)


class SpaceAttention(DividedAttention):
    """A patch sees the CLS token and the patches of its own frame."""

    def forward(self, x: Tensor, cls_once: Tensor) -> Tensor:
        """(B, T, 1 + N, D) to the same; see `VideoTower.forward` for `cls_once`."""
        qkv = self._project(x)
        q, k, v = qkv.flatten(0, 1).unbind(2)
        out = torch.unflatten(attend(q, k, v), 0, x.shape[:2])
        out[:, :, 0] = self._attend_cls(qkv, cls_once)
        projected: Tensor = self.proj(out)
        return projected


class TimeAttention(DividedAttention):
    """A patch sees the CLS token and the patches of its own place at all times."""

    def forward(self, x: Tensor, cls_once: Tensor) -> Tensor:
        """(B, T, 1 + N, D) to the same; see `VideoTower.forward` for `cls_once`."""
        qkv = self._project(x)
        num_places = x.shape[2] - 1
        columns = qkv[:, :, 1:].transpose(1, 2)
        cls_kv = qkv[:, :1, :1, 1:].expand(-1, num_places, -1, -1, -1, -1)
        q = columns[:, :, :, 0].flatten(0, 1)
        k, v = torch.cat([cls_kv, columns[:, :, :, 1:]], dim=2).flatten(0, 1).unbind(2)
        out = torch.empty_like(x)
        out[:, :, 0] = self._attend_cls(qkv, cls_once)
        out[:, :, 1:] = torch.unflatten(attend(q, k, v), 0, (-1, num_places)).transpose(1, 2)
        projected: Tensor = self.proj(out)
        return projected


class VideoBlock(nn.Module):
    """Attention over time, over space, MLP; pre-norm. `norm3` comes first, as in the checkpoint."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim, eps=1e-6)
        self.attn = SpaceAttention(config.dim, config.num_heads)
        self.timeattn = TimeAttention(config.dim, config.num_heads)
        self.norm2 = nn.LayerNorm(config.dim, eps=1e-6)
        self.mlp = Mlp(config.dim, config.mlp_ratio * config.dim)
        self.norm3 = nn.LayerNorm(config.dim, eps=1e-6)

    def forward(self, x: Tensor, cls_once: Tensor) -> Tensor:
        """(B, T, 1 + N, D) to the same."""
        x = x + self.timeattn(self.norm3(x), cls_once)
        x = x + self.attn(self.norm1(x), cls_once)
        mlp: Tensor = self.mlp(self.norm2(x))
        return x + mlp


class VideoTower(nn.Module):
    """Pixels of one segment to one feature for each time."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        num_times, num_places = config.video_grid
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + num_places, config.dim))
        self.temp_embed = nn.Parameter(torch.empty(1, num_times, config.dim))
        self.patch_embed_3d = TubeletEmbedding(config)
        self.blocks = nn.ModuleList(VideoBlock(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.dim, eps=1e-6)
        self.spatial_attn_agg = Aggregator(config.dim, config.num_heads, config.mlp_ratio * config.dim)

    def embed(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to tokens (B, T, 1 + N, D) with positions added."""
        patches = self.patch_embed_3d(pixels)
        patches = patches + (self.pos_embed[:, None, 1:] + self.temp_embed[:, :, None])
        cls = self.cls_token + self.pos_embed[:, :1]
        return torch.cat([cls[:, None].expand(*patches.shape[:2], 1, -1), patches], dim=2)

    @staticmethod
    def cls_once(x: Tensor) -> Tensor:
        """Score bias (T * (1 + N),) that hides every copy of the CLS token but the first."""
        bias = x.new_zeros(x.shape[1], x.shape[2])
        bias[1:, 0] = float("-inf")
        return bias.flatten()[None]

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to features (B, T, D)."""
        x = self.embed(pixels)
        cls_once = self.cls_once(x)
        for block in self.blocks:
            x = block(x, cls_once)
        patches = self.norm(x[:, :, 1:])
        return torch.unflatten(self.spatial_attn_agg(patches.flatten(0, 1)), 0, x.shape[:2])
