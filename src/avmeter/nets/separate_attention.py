"""Pre-norm transformer blocks with a layer each for queries, keys and values, for MUSIQ and VideoMAE.

Shapes: B batch, L tokens, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.vit import Mlp


class Attention(nn.Module):
    """Multi-head self-attention.

    Args:
        dim: Width D.
        num_heads: Attention heads.
        key_bias: Whether keys have a bias, as queries and values do.
    """

    def __init__(self, dim: int, num_heads: int, *, key_bias: bool = True) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=key_bias)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, num_queries: int) -> Tensor:
        """Of tokens (B, L, D), the first `num_queries` attend to all: (B, num_queries, D)."""
        projected = (self.query(x[:, :num_queries]), self.key(x), self.value(x))
        q, k, v = (torch.unflatten(part, -1, (self.num_heads, -1)).transpose(1, 2) for part in projected)
        mixed = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class Block(nn.Module):
    """Pre-norm attention and MLP.

    Args:
        dim: Width D.
        num_heads: Attention heads.
        hidden: Width inside the MLP.
        eps: Of the layer norms.
        key_bias: As of `Attention`.
    """

    def __init__(self, dim: int, num_heads: int, hidden: int, *, eps: float, key_bias: bool = True) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.attention = Attention(dim, num_heads, key_bias=key_bias)
        self.norm2 = nn.LayerNorm(dim, eps=eps)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x: Tensor, num_queries: int | None = None) -> Tensor:
        """(B, L, D) to (B, num_queries, D), or to all of them."""
        count = x.shape[1] if num_queries is None else num_queries
        x = x[:, :count] + self.attention(self.norm1(x), count)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out
