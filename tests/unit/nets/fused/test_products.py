"""Products over half-precision operands: what they add, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from support.triton_kernels import DEVICE, DTYPES, error, normal, rounding

from avmeter.nets.fused import OperandRangeError  # isort: skip
from avmeter.nets.fused.products import add_product, require_range  # isort: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_is_added_in_place_and_rounded_once(dtype: torch.dtype) -> None:
    """To a stream of the operands' type, and to one of float32, which loses nothing."""
    x, weight, stream = normal(9, 32, dtype=dtype), normal(24, 32, dtype=dtype, seed=1), normal(9, 24, seed=2)
    for residual, allowed in ((stream.to(dtype), rounding(dtype)), (stream.clone(), 1e-6)):
        exact = residual.double() + x.double() @ weight.double().t()
        add_product(residual, x, weight)
        assert error(residual, exact) < allowed


@torch.no_grad()
def test_numbers_that_float16_might_not_hold_are_refused() -> None:
    """The bound is that of the longest normed token; bfloat16 holds all."""
    norm = nn.LayerNorm(64).to(DEVICE)
    weight, bias = torch.ones(2, 64, device=DEVICE), torch.zeros(2, device=DEVICE)
    require_range(norm, 1000 * weight, bias, torch.float16)  # sqrt(64) * 1000 * sqrt(64) = 64000
    with pytest.raises(OperandRangeError, match="65600"):
        require_range(norm, 1025 * weight, bias, torch.float16)
    with pytest.raises(OperandRangeError):
        require_range(norm, weight, bias + 66_000, torch.float16)
    require_range(norm, 1025 * weight, bias, torch.bfloat16)
    norm.weight.mul_(1e4)
    with pytest.raises(OperandRangeError):
        require_range(norm, weight, bias, torch.float16)
