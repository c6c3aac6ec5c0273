"""PE-Core: the vision transformer that sees single frames.

    pixels (B, 3, H, W) --patches, class token, positions--> norm --> layers with 2D rotary positions --> norm
                        --attention pooling--> linear --> (B, E)

Paper: Bolya, Huang et al., "Perception Encoder: The best visual embeddings are not at the output of the network"
(2025). Published code: facebookresearch/perception_models and timm (`vit_pe_core_large_patch14_336`), Apache-2.0; the
names of the tensors are timm's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.pe_av.config import FrameConfig
from avmeter.nets.pe_av.layers import rotate

_ROPE_BASE = 10_000.0


class Perceptron(nn.Module):
    """Two linear maps with GELU between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        found: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return found


class Attention(nn.Module):
    """Self-attention; the class token, which is first, has no position."""

    def __init__(self, config: FrameConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.proj = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, 1 + P, D) with rotary angles (1 + P, head_dim / 2) -> (B, 1 + P, D)."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(rotate(q, angles), rotate(k, angles), v)
        found: Tensor = self.proj(heads.transpose(1, 2).flatten(2))
        return found


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and beside the identity."""

    def __init__(self, config: FrameConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.attn = Attention(config)
        self.norm2 = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.mlp = Perceptron(config.dim)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, 1 + P, D) -> (B, 1 + P, D)."""
        x = x + self.attn(self.norm1(x), angles)
        found: Tensor = x + self.mlp(self.norm2(x))
        return found


class Pool(nn.Module):
    """One learned query that looks at all tokens."""

    def __init__(self, config: FrameConfig) -> None:
        super().__init__()
        self.num_heads = config.num_pool_heads
        self.latent = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.q = nn.Linear(config.dim, config.dim)
        self.kv = nn.Linear(config.dim, 2 * config.dim)
        self.proj = nn.Linear(config.dim, config.dim)
        self.norm = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.mlp = Perceptron(config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, D)."""
        q = self.q(self.latent.expand(len(x), -1, -1)).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        k, v = self.kv(x).unflatten(-1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        seen = self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        found: Tensor = (seen + self.mlp(self.norm(seen)))[:, 0]
        return found


class FrameEncoder(nn.Module):
    """Frames (B, 3, H, W), normalised to [-1, 1], -> vectors (B, E)."""

    def __init__(self, config: FrameConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = nn.Conv2d(3, config.dim, config.patch_size, stride=config.patch_size, bias=False)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.grid**2, config.dim))
        self.norm_pre = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.blocks = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.attn_pool = Pool(config)
        self.head = nn.Linear(config.dim, config.output_dim)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        patches = self.patch_embed(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(pixels), -1, -1), patches], dim=1) + self.pos_embed
        x = self.norm_pre(x)
        angles = _angles(self.config, x.device)
        for block in self.blocks:
            x = block(x, angles)
        found: Tensor = self.head(self.attn_pool(self.norm(x)))
        return found


def _angles(config: FrameConfig, device: torch.device) -> Tensor:
    """(1 + P, head_dim / 2), float32: half of each for the column, half for the row, from 1 on; the class has 0."""
    num_bands = config.dim // config.num_heads // 4
    exponents = torch.arange(num_bands, dtype=torch.float32, device=device) / num_bands
    places = torch.arange(1, config.grid + 1, dtype=torch.float32, device=device)
    places = places / config.grid * config.reference_grid
    rows, columns = torch.meshgrid(places, places, indexing="ij")
    angles = torch.stack([columns, rows], dim=-1)[..., None] * (1.0 / _ROPE_BASE**exponents)
    return functional.pad(angles.reshape(config.grid**2, 2 * num_bands), (0, 0, 1, 0))
