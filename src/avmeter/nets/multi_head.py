"""Self-attention in the parameter layout of `torch.nn.MultiheadAttention`, for the towers of CLIP and ImageBind.

Shapes: B batch, L tokens, D width, H heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class TowerConfig:
    """Size of one transformer.

    Attributes:
        dim: Width D.
        depth: Number of blocks.
        num_heads: Attention heads; they divide `dim`.
    """

    dim: int
    depth: int
    num_heads: int

    def __post_init__(self) -> None:
        if self.dim % self.num_heads or self.depth < 1:
            raise ValueError(f"{self.depth} blocks of width {self.dim} cannot have {self.num_heads} heads")


class Attention(nn.Module):
    """Self-attention.

    Args:
        config: Width and heads.
        bias_kv: One learned key and value stand behind those of the tokens.
        dtype: Of queries, keys and values within attention; None leaves them as they are.
    """

    def __init__(self, config: TowerConfig, *, bias_kv: bool = False, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        dim = config.dim
        self.dtype = dtype
        self.num_heads = config.num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * dim))
        self.bias_k = nn.Parameter(torch.empty(1, 1, dim)) if bias_kv else None
        self.bias_v = nn.Parameter(torch.empty(1, 1, dim)) if bias_kv else None
        self.out_proj = nn.Linear(dim, dim)

    def _heads(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, H, L, D / H), without moving anything."""
        return torch.unflatten(x, -1, (self.num_heads, -1)).transpose(1, 2)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
        if self.bias_k is not None and self.bias_v is not None:
            k = torch.cat([k, self.bias_k.to(k.dtype).expand(len(k), -1, -1)], dim=1)
            v = torch.cat([v, self.bias_v.to(v.dtype).expand(len(v), -1, -1)], dim=1)
        out = F.scaled_dot_product_attention(self._heads(q), self._heads(k), self._heads(v), is_causal=causal)
        return out.transpose(1, 2).flatten(2)

    def forward(self, x: Tensor, *, causal: bool) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = qkv.to(self.dtype or qkv.dtype).chunk(3, dim=-1)
        out: Tensor = self.out_proj(self._attend(q, k, v, causal=causal).to(qkv.dtype))
        return out

    def first(self, x: Tensor) -> Tensor:
        """What the first token gets: (B, L, D) to (B, 1, D)."""
        dim = x.shape[-1]
        q = F.linear(x[:, :1], self.in_proj_weight[:dim], self.in_proj_bias[:dim])
        k, v = F.linear(x, self.in_proj_weight[dim:], self.in_proj_bias[dim:]).chunk(2, dim=-1)
        out: Tensor = self.out_proj(self._attend(q, k, v, causal=False))
        return out
