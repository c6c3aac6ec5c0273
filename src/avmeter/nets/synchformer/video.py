"""Synchformer's video tower: a ViT with divided space-time attention (TimeSformer, Motionformer).

Shapes: B segments, T times, N places in G groups of P, S patches of an attention group, D width, H heads.

Tokens are stored as (B, T, 1 + N, D): in front of every frame's patches stands a copy of the one CLS token. The
copies are always equal; they cost half a percent of the matrix products, and in return keys and values of
a frame lie behind those of the CLS token without being moved.

For inference: intermediate tensors are written in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from avmeter.nets.synchformer.config import SynchformerConfig
from avmeter.nets.synchformer.layers import Aggregator, Mlp, attend, attend_once

# Rows and columns of the smallest tile among the fused attention kernels.
_TILE = 64

# cuDNN's kernel, the default on some cards, is three times slower than the others with short masked sequences.
_WITHOUT_CUDNN = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def num_time_groups(config: SynchformerConfig) -> int:
    """Groups G into which time attention puts the N places: as few as leave a sequence within a tile."""
    num_times, num_places = config.video_grid
    fitting = (g for g in range(1, num_places) if not num_places % g and 1 + num_times * num_places // g <= _TILE)
    return next(fitting, num_places)


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


@dataclass(frozen=True, kw_only=True)
class Masks:
    """Score biases, 0 or minus infinity, that are the same in every block.

    Attributes:
        space_cls: (T * (1 + N),), hides all copies of the CLS token but one.
        time_cls: (G * (1 + T * P),), the same in the order of time attention.
        time: (1 + T * P, 1 + T * P), hides the patches of other places, but never the CLS token.
    """

    space_cls: Tensor
    time_cls: Tensor
    time: Tensor


class DividedAttention(nn.Module):
    """Attention in groups: a patch sees the CLS token and its own group, the CLS token sees all patches."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def attend_cls(self, x: Tensor, qkv: Tensor, bias: Tensor) -> Tensor:
        """The CLS query over all tokens of x (B, G, 1 + S, D): (B, D)."""
        dim = x.shape[-1]
        weight_kv, bias_v = self.qkv.weight[dim:], self.qkv.bias[2 * dim :]
        return attend_once(qkv[:, 0, 0, 0], x.flatten(1, 2), weight_kv, bias_v, bias=bias)

    def project_in(self, x: Tensor) -> Tensor:
        """(B, G, 1 + S, D) to queries, keys and values (B, G, 1 + S, 3, H, D / H)."""
        return torch.unflatten(self.qkv(x), -1, (3, self.num_heads, -1))


class SpaceAttention(DividedAttention):
    """A patch sees the CLS token and the patches of its own frame."""

    def __init__(self, dim: int, num_heads: int, *, dtype: torch.dtype | None = None) -> None:
        super().__init__(dim, num_heads)
        self.dtype = dtype

    def forward(self, x: Tensor, masks: Masks) -> Tensor:
        """(B, T, 1 + N, D) to the same."""
        qkv = self.project_in(x)
        q, k, v = qkv.to(self.dtype or qkv.dtype).flatten(0, 1).unbind(2)
        out = torch.unflatten(attend(q, k, v).to(qkv.dtype), 0, x.shape[:2])
        # The CLS queries have seen a frame each.
        out[:, :, 0] = self.attend_cls(x, qkv, masks.space_cls)[:, None]
        projected: Tensor = self.proj(out)
        return projected


def _regroup(x: Tensor, num: int) -> Tensor:
    """From frames (B, T, 1 + G * P, D) to groups of places (B, G, 1 + T * P, D), with num = G; back with num = T."""
    b, old, n, d = x.shape
    patches = torch.unflatten(x[:, :, 1:], 2, (num, -1)).transpose(1, 2)
    out = x.new_empty(b, num, 1 + (n - 1) // num * old, d)
    out[:, :, 0] = x[:, :1, 0]
    torch.unflatten(out[:, :, 1:], 2, (old, -1)).copy_(patches)
    return out


class TimeAttention(DividedAttention):
    """A patch sees the CLS token and the patches of its own place at all times.

    A sequence of 8 would waste most of an attention kernel's tile. So P places share one sequence, in which
    a mask keeps them apart.
    """

    def __init__(self, dim: int, num_heads: int, *, num_groups: int) -> None:
        super().__init__(dim, num_heads)
        self.num_groups = num_groups

    def forward(self, x: Tensor, masks: Masks) -> Tensor:
        """(B, T, 1 + N, D) to the same."""
        grouped = _regroup(x, self.num_groups)
        qkv = self.project_in(grouped)
        q, k, v = qkv.flatten(0, 1).unbind(2)
        with sdpa_kernel(_WITHOUT_CUDNN):
            out = torch.unflatten(attend(q, k, v, bias=masks.time), 0, grouped.shape[:2])
        out[:, :, 0] = self.attend_cls(grouped, qkv, masks.time_cls)[:, None]
        projected: Tensor = self.proj(_regroup(out, x.shape[1]))
        return projected


class VideoBlock(nn.Module):
    """Attention over time, over space, MLP; pre-norm. `norm3` comes first, as in the checkpoint."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim, eps=1e-6)
        self.attn = SpaceAttention(config.dim, config.num_heads, dtype=config.attention_dtype)
        self.timeattn = TimeAttention(config.dim, config.num_heads, num_groups=num_time_groups(config))
        self.norm2 = nn.LayerNorm(config.dim, eps=1e-6)
        self.mlp = Mlp(config.dim, config.mlp_ratio * config.dim)
        self.norm3 = nn.LayerNorm(config.dim, eps=1e-6)

    def forward(self, x: Tensor, masks: Masks) -> Tensor:
        """(B, T, 1 + N, D) to the same."""
        x = x + self.timeattn(self.norm3(x), masks)
        x = x + self.attn(self.norm1(x), masks)
        mlp: Tensor = self.mlp(self.norm2(x))
        return x + mlp


def _only_first(bias: Tensor) -> Tensor:
    """Hides the CLS copies of all groups but the first; (G, 1 + S) to (G * (1 + S),)."""
    bias[1:, 0] = float("-inf")
    return bias.flatten()


class VideoTower(nn.Module):
    """Pixels of one segment to one feature for each time."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        num_times, num_places = config.video_grid
        self.num_time_groups = num_time_groups(config)
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

    def masks(self, x: Tensor) -> Masks:
        """Return the masks for tokens of this type, on this device."""
        t, n = x.shape[1], x.shape[2] - 1
        p = n // self.num_time_groups
        place = torch.arange(t * p, device=x.device) % p
        # Attention kernels need rows that start at multiples of 16 numbers, and would copy others.
        time = x.new_zeros(1 + t * p, -(-(1 + t * p) // 16) * 16)[:, : 1 + t * p]
        time[1:, 1:].masked_fill_(place[:, None] != place, float("-inf"))
        return Masks(
            space_cls=_only_first(x.new_zeros(t, 1 + n)),
            time_cls=_only_first(x.new_zeros(self.num_time_groups, 1 + t * p)),
            time=time,
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, frames, 3, height, width) to features (B, T, D)."""
        x = self.embed(pixels)
        masks = self.masks(x)
        for block in self.blocks:
            x = block(x, masks)
        patches = self.norm(x[:, :, 1:])
        return torch.unflatten(self.spatial_attn_agg(patches.flatten(0, 1)), 0, x.shape[:2])
