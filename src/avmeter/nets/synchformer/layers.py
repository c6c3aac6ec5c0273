"""Pieces that Synchformer's towers share.

Shapes: B batch, L tokens, D width, H heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(q: Tensor, k: Tensor, v: Tensor, *, bias: Tensor | None = None) -> Tensor:
    """Softmax attention of q (B, Lq, H, D/H) over k and v (B, Lk, H, D/H); returns (B, Lq, D).

    `bias` is added to the scaled scores, broadcast to (B, H, Lq, Lk).
    """
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=bias)
    return out.transpose(1, 2).flatten(2)


def attend_once(q: Tensor, tokens: Tensor, weight_kv: Tensor, bias_v: Tensor, *, bias: Tensor | None = None) -> Tensor:
    """Softmax attention of a single query, without making keys and values.

    With k = W x + b, the score q k is (q W) x + q b, where q b is the same for all tokens and drops out of
    the softmax; and since the probabilities sum to 1, the mean of V x + c is V (mean of x) + c. So tokens are
    read twice instead of being projected twice.

    Args:
        q: (1 or B, H, D / H).
        tokens: (B, L, D), input of the key and value projections.
        weight_kv: (2 D, D), W above V.
        bias_v: (D,), c.
        bias: (L,), added to the scaled scores.

    Returns:
        (B, D).
    """
    weight_k, weight_v = torch.unflatten(weight_kv, 0, (2, q.shape[1], -1)).unbind(0)
    q = torch.einsum("bhd,hdc->bhc", q * q.shape[-1] ** -0.5, weight_k)
    scores = q.expand(len(tokens), -1, -1) @ tokens.transpose(1, 2)
    if bias is not None:
        scores = scores + bias
    mean = scores.softmax(dim=-1) @ tokens
    return torch.einsum("bhc,hdc->bhd", mean, weight_v).flatten(1) + bias_v


class FusedQKV(nn.Linear):
    """Query, key and value as one matrix; saved and loaded as the three of the official file.

    `state_dict` shows `query.weight`, `key.weight`, `value.weight` and the biases as views of the
    fused tensors, so that filling those in place fills the network.
    """

    PARTS = ("query", "key", "value")

    def __init__(self, dim: int) -> None:
        super().__init__(dim, 3 * dim)

    def _views(self) -> dict[str, Tensor]:
        views = {}
        for kind, fused in (("weight", self.weight), ("bias", self.bias)):
            for part, view in zip(self.PARTS, fused.detach().chunk(3), strict=True):
                views[f"{part}.{kind}"] = view
        return views

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, view in self._views().items():
            destination[prefix + name] = view

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        for name, view in self._views().items():
            if prefix + name in state_dict:
                with torch.no_grad():
                    view.copy_(state_dict[prefix + name])
            else:
                missing_keys.append(prefix + name)


class SelfAttention(nn.Module):
    """Attention of all tokens over all tokens: (B, L, D) to (B, L, D), without output projection."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = FusedQKV(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        q, k, v = torch.unflatten(self.qkv(x), -1, (3, self.num_heads, -1)).unbind(2)
        return attend(q, k, v)


class Mlp(nn.Module):
    """Two linear layers around an exact GELU, named as in timm."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) to (..., D)."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class PooledAttention(nn.Module):
    """Attention of one query over tokens, in the parameter layout of `torch.nn.MultiheadAttention`."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Query (1 or B, D) over tokens (B, L, D) to (B, D)."""
        dim = tokens.shape[-1]
        q = F.linear(query, self.in_proj_weight[:dim], self.in_proj_bias[:dim])
        q = torch.unflatten(q, -1, (self.num_heads, -1))
        out: Tensor = self.out_proj(attend_once(q, tokens, self.in_proj_weight[dim:], self.in_proj_bias[2 * dim :]))
        return out


class Aggregator(nn.Module):
    """One pre-norm transformer layer over [CLS, tokens] of which only the CLS output is computed.

    The published layer computes all outputs; the others are never read, so here the CLS token is
    the only query.
    """

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.self_attn = PooledAttention(dim, num_heads)
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L, D) to (B, D)."""
        tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        normed = self.norm1(tokens)
        return self.finish(self.self_attn(normed[:1, 0], normed))

    def finish(self, attended: Tensor) -> Tensor:
        """Add the CLS token, then the MLP, to what attention has found for it: (B, D) to (B, D)."""
        x = self.cls_token[:, 0] + attended
        mlp: Tensor = self.linear2(F.gelu(self.linear1(self.norm2(x))))
        return x + mlp
