"""A stack of pre-norm transformer blocks over half-precision operands.

Shapes: B sequences, L tokens, R = B L rows, D width, H heads.

A block is four matrix products, an attention kernel, and three passes over memory (two norms, a GELU). The residual
stream is summed up by the products themselves; their biases, which are the same for all tokens, are not added to it
but to what the norms read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.fused.gelu_product import linear_gelu
from avmeter.nets.fused.packed_attention import attend_packed, is_worth_packing
from avmeter.nets.fused.pointwise import ShiftedNorm
from avmeter.nets.fused.products import NormedProjection, add_product


@dataclass(frozen=True, kw_only=True)
class BlockParts:
    """The parameters of a pre-norm block, however its network names them.

    Attributes:
        attention_norm: Before attention.
        qkv_weight: (3 D, D), query above key above value.
        qkv_bias: (3 D,).
        out: Output projection of attention.
        mlp_norm: Before the MLP.
        fc1: Inner product of the MLP, before an exact GELU.
        fc2: Outer product of the MLP.
        num_heads: Heads H.
        more_keys: (D,), a key behind those of the tokens; None if there is none.
        more_values: (D,), its value.
    """

    attention_norm: nn.LayerNorm
    qkv_weight: Tensor
    qkv_bias: Tensor
    out: nn.Linear
    mlp_norm: nn.LayerNorm
    fc1: nn.Linear
    fc2: nn.Linear
    num_heads: int
    more_keys: Tensor | None = None
    more_values: Tensor | None = None


class ResidualSum:
    """Hands out the parts of a stack in order, and sums up the biases that its residual stream lacks at each.

    Args:
        dim: Width D.
        dtype: Type of the operands.
        device: Where the parameters lie.
    """

    def __init__(self, dim: int, *, dtype: torch.dtype, device: torch.device) -> None:
        self.pending = torch.zeros(dim, device=device)
        self.dtype = dtype

    def norm(self, norm: nn.LayerNorm) -> ShiftedNorm:
        """Return the norm of the residual stream as it is at this place."""
        return ShiftedNorm(norm, self.pending, dtype=self.dtype)

    def project(self, norm: nn.LayerNorm, weight: Tensor, bias: Tensor) -> NormedProjection:
        """Return the norm of the residual stream as it is at this place, and its projection.

        Raises:
            OperandRangeError: As of `NormedProjection`.
        """
        return NormedProjection(self.norm(norm), norm, weight, bias, dtype=self.dtype)

    def add(self, layer: nn.Linear) -> Tensor:
        """Return the weight of a layer that is added to the stream; its bias is pending from here on."""
        self.pending = self.pending + layer.bias.detach().float()
        return layer.weight.detach().to(self.dtype)


class FusedMlp:
    """Norm, two products around a GELU, and the sum."""

    def __init__(self, norm: nn.LayerNorm, fc1: nn.Linear, fc2: nn.Linear, residual: ResidualSum) -> None:
        self._inner = residual.project(norm, fc1.weight, fc1.bias)
        self._outer = residual.add(fc2)

    def __call__(self, x: Tensor) -> None:
        """Add the MLP of x (R, D) to it, in place."""
        hidden = linear_gelu(self._inner.norm(x), self._inner.weight, self._inner.bias)
        add_product(x, hidden, self._outer)


class FusedBlock:
    """One block."""

    def __init__(self, parts: BlockParts, residual: ResidualSum) -> None:
        self._num_heads = parts.num_heads
        self._qkv = residual.project(parts.attention_norm, parts.qkv_weight, parts.qkv_bias)
        self._more_kv: tuple[Tensor, Tensor] | None = None
        if parts.more_keys is not None and parts.more_values is not None:
            more = (t.detach().to(residual.dtype) for t in (parts.more_keys, parts.more_values))
            key, value = (torch.unflatten(t, 0, (1, self._num_heads, 1, -1)) for t in more)
            self._more_kv = key, value
        self._out = residual.add(parts.out)
        self._mlp = FusedMlp(parts.mlp_norm, parts.fc1, parts.fc2, residual)

    def __call__(self, x: Tensor, num_sequences: int) -> None:
        """Add attention and MLP to x (R, D), in place."""
        qkv = self._qkv(x)
        if self._more_kv is None and is_worth_packing(x.shape[1] // self._num_heads):
            mixed = attend_packed(qkv.view(num_sequences, -1, 3, self._num_heads, x.shape[1] // self._num_heads))
        else:
            mixed = self._attend(*self._heads(qkv, 3, num_sequences))
        add_product(x, mixed.view(x.shape), self._out)
        self._mlp(x)

    def of_leading(self, x: Tensor, num_sequences: int, num_tokens: int) -> Tensor:
        """Compute the leading tokens of each sequence alone: (R, D) to (B, num_tokens, D), without pending biases."""
        dim = x.shape[-1]
        normed = self._qkv.norm(x)
        k, v = self._heads(F.linear(normed, self._qkv.weight[dim:], self._qkv.bias[dim:]), 2, num_sequences)
        leading = _leading(normed, num_sequences, num_tokens)
        (q,) = self._heads(F.linear(leading, self._qkv.weight[:dim], self._qkv.bias[:dim]), 1, num_sequences)
        tokens = _leading(x, num_sequences, num_tokens)
        add_product(tokens, self._attend(q, k, v).view(tokens.shape), self._out)
        self._mlp(tokens)
        return torch.unflatten(tokens, 0, (num_sequences, -1))

    def _heads(self, products: Tensor, num_parts: int, num_sequences: int) -> tuple[Tensor, ...]:
        """Split (R, parts D) to as many views (B, H, L, D / H)."""
        split = torch.unflatten(torch.unflatten(products, 0, (num_sequences, -1)), -1, (num_parts, self._num_heads, -1))
        return split.permute(2, 0, 3, 1, 4).unbind(0)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of all heads: (B, L, D)."""
        if self._more_kv is not None:
            more_k, more_v = (more.expand(len(k), -1, -1, -1) for more in self._more_kv)
            k, v = torch.cat([k, more_k], dim=2), torch.cat([v, more_v], dim=2)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def _leading(x: Tensor, num_sequences: int, num_tokens: int) -> Tensor:
    """Copy the leading tokens of each sequence out of (R, D): (B num_tokens, D)."""
    return torch.unflatten(x, 0, (num_sequences, -1))[:, :num_tokens].flatten(0, 1).clone()


class FusedEncoder:
    """All blocks of a tower; the kernels are tried on zeros while it is built.

    Args:
        blocks: Their parameters, in order.
        dtype: Type of the operands, float16 or bfloat16.
    """

    def __init__(self, blocks: Iterable[BlockParts], *, dtype: torch.dtype) -> None:
        parts = list(blocks)
        weight = parts[0].qkv_weight
        residual = ResidualSum(weight.shape[1], dtype=dtype, device=weight.device)
        self._blocks = [FusedBlock(p, residual) for p in parts]
        self._pending = residual.pending
        self(weight.new_zeros(1, 16, weight.shape[1]))

    def __call__(self, x: Tensor, *, num_tokens: int | None = None) -> Tensor:
        """Encode tokens (B, L, D); with `num_tokens`, only so many leading ones of each sequence come out.

        The residual stream has the type of x. x is overwritten if it is contiguous.
        """
        num_sequences = len(x)
        rows = x.reshape(-1, x.shape[-1])
        with torch.cuda.device_of(x), torch.autocast(x.device.type, enabled=False):
            for block in self._blocks if num_tokens is None else self._blocks[:-1]:
                block(rows, num_sequences)
            if num_tokens is None:
                out = rows.view(x.shape)
            else:
                out = self._blocks[-1].of_leading(rows, num_sequences, num_tokens)
            return (out.float() + self._pending).to(x.dtype)
