"""Matrix products whose operands are of half precision: projections of normed tokens, and sums onto a residual stream.

Shapes: R rows (tokens of all sequences), D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.fused import OperandRangeError
from avmeter.nets.fused.pointwise import ShiftedNorm


class NormedProjection:
    """A layer norm and the projection of its output.

    Args:
        norm: Brings tokens to the type of the operands.
        layer_norm: What it was made of.
        weight: (out, D).
        bias: (out,).
        dtype: float16 or bfloat16, of operands and output; sums are float32.

    Raises:
        OperandRangeError: Some input could lead to numbers beyond the type.
    """

    def __init__(
        self, norm: ShiftedNorm, layer_norm: nn.LayerNorm, weight: Tensor, bias: Tensor, *, dtype: torch.dtype
    ) -> None:
        self.norm = norm
        self.weight = weight.detach().to(dtype)
        self.bias = bias.detach().to(dtype)
        require_range(layer_norm, weight, bias, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """(R, D) of the residual stream to (R, out)."""
        return F.linear(self.norm(x), self.weight, self.bias)


def require_range(norm: nn.LayerNorm, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
    """Check that the norm's output, and its projection, stay within a type whatever the input is.

    A normed token has length sqrt(D) at most, so by Cauchy-Schwarz no projection on a row w of the weight is larger
    than sqrt(D) |w * gain| + |w offset + b|.

    Raises:
        OperandRangeError: They might not.
    """
    gain, offset = norm.weight.detach().float(), norm.bias.detach().float()
    rows, length = weight.detach().float(), norm.weight.numel() ** 0.5
    normed = length * gain.abs() + offset.abs()
    projected = length * (rows * gain).norm(dim=1) + (rows @ offset + bias.detach().float()).abs()
    largest = float(torch.stack([normed.max(), projected.max(), rows.abs().max()]).max())
    if not largest < torch.finfo(dtype).max:
        raise OperandRangeError(f"values of up to {largest:g} do not fit {dtype}")


def add_product(residual: Tensor, x: Tensor, weight: Tensor) -> None:
    """Add x W^T to the residual stream in place, summed in float32 and rounded once.

    Args:
        residual: (R, D), float32 or the type of the operands.
        x: (R, in).
        weight: (D, in), of the type of x.
    """
    if residual.dtype == x.dtype:
        residual.addmm_(x, weight.t())
    elif x.is_cuda:
        torch.addmm(residual, x, weight.t(), out_dtype=residual.dtype, out=residual)
    else:
        residual.addmm_(x.to(residual.dtype), weight.t().to(residual.dtype))
