"""Pre-norm transformer blocks in the layout of timm's vision transformers, for DINO, PaSST and UMT.

Shapes: B batch, L tokens, D width, H heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import BlockParts

LAYER_NORM_EPS = 1e-6


class Attention(nn.Module):
    """Multi-head self-attention.

    Args:
        dim: Width D.
        num_heads: Attention heads H.
        key_bias: False if only queries and values have a bias, each a parameter of its own, as in BEiT.
    """

    def __init__(self, dim: int, num_heads: int, *, key_bias: bool = True) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=key_bias)
        self.q_bias = None if key_bias else nn.Parameter(torch.empty(dim))
        self.v_bias = None if key_bias else nn.Parameter(torch.empty(dim))
        self.proj = nn.Linear(dim, dim)

    @property
    def qkv_bias(self) -> Tensor:
        """Bias of queries, keys and values, (3 D,)."""
        if self.q_bias is None or self.v_bias is None:
            return self.qkv.bias
        return torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))

    def forward(self, x: Tensor, num_queries: int) -> Tensor:
        """Of tokens (B, L, D), the first `num_queries` attend to all: (B, num_queries, D)."""
        bias = self.qkv_bias
        if num_queries == x.shape[1]:
            qkv = F.linear(x, self.qkv.weight, bias)
            q, k, v = torch.unflatten(qkv, -1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        else:
            weight_q, weight_kv = self.qkv.weight.tensor_split((x.shape[-1],))
            bias_q, bias_kv = bias.tensor_split((x.shape[-1],))
            q = F.linear(x[:, :num_queries], weight_q, bias_q)
            q = torch.unflatten(q, -1, (self.num_heads, -1)).transpose(1, 2)
            kv = F.linear(x, weight_kv, bias_kv)
            k, v = torch.unflatten(kv, -1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) to (..., D)."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm attention and MLP.

    Args:
        dim: Width D.
        num_heads: Attention heads H.
        mlp_ratio: Hidden width of the MLP over D.
        key_bias: As of `Attention`.
    """

    def __init__(self, dim: int, num_heads: int, mlp_ratio: int = 4, *, key_bias: bool = True) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.attn = Attention(dim, num_heads, key_bias=key_bias)
        self.norm2 = nn.LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.mlp = Mlp(dim, mlp_ratio * dim)

    def forward(self, x: Tensor, num_queries: int | None = None) -> Tensor:
        """(B, L, D) to (B, L, D), or to the first `num_queries` tokens of it."""
        queries = x.shape[1] if num_queries is None else num_queries
        x = x[:, :queries] + self.attn(self.norm1(x), queries)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out

    def parts(self) -> BlockParts:
        """Return the parameters as fused kernels name them."""
        from avmeter.nets.fused.encoder import BlockParts

        return BlockParts(
            attention_norm=self.norm1,
            qkv_weight=self.attn.qkv.weight,
            qkv_bias=self.attn.qkv_bias,
            out=self.attn.proj,
            mlp_norm=self.norm2,
            fc1=self.mlp.fc1,
            fc2=self.mlp.fc2,
            num_heads=self.attn.num_heads,
        )
