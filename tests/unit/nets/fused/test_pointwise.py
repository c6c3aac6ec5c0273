"""Layer norm and GELU by Triton against torch's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from support.triton_kernels import DEVICE, DTYPES, error, normal, rounding

from avmeter.nets.fused.pointwise import ShiftedNorm, gelu_in_place  # isort: skip


@pytest.mark.parametrize("width", [48, 768, 1280])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("residual", ["as operands", "float32"])
def test_norm_is_that_of_the_sum_with_the_pending_biases(width: int, dtype: torch.dtype, residual: str) -> None:
    """x + shift is normed in float32 and rounded once, whatever type the residual stream has."""
    norm = nn.LayerNorm(width, eps=1e-6).to(DEVICE)
    norm.weight.data, norm.bias.data = normal(width, seed=1), normal(width, seed=2)
    shift = 3 * normal(width, seed=3)
    x = (5 + 2 * normal(7, width)).to(dtype if residual == "as operands" else torch.float32)
    normed = ShiftedNorm(norm, shift, dtype=dtype)(x)
    assert normed.dtype == dtype
    with torch.no_grad():
        assert error(normed, norm(x.float() + shift)) < rounding(dtype)


def test_norm_of_a_large_mean_loses_nothing() -> None:
    """The mean is taken off before squares are summed."""
    norm = nn.LayerNorm(64).to(DEVICE).requires_grad_(False)
    x = normal(3, 64) + 1000
    normed = ShiftedNorm(norm, torch.zeros(64, device=DEVICE), dtype=torch.float16)(x)
    assert error(normed, norm(x)) < rounding(torch.float16)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gelu_is_exact_within_the_rounding_of_its_type(dtype: torch.dtype) -> None:
    """Against the error function, from far left to far right, the largest difference is that of rounding."""
    x = torch.linspace(-12, 12, 4001, device=DEVICE).to(dtype)
    exact = F.gelu(x.double())
    difference = (gelu_in_place(x.clone()).double() - exact).abs()
    # The card's own tanh is off by as much as rounding to float16.
    allowed = (2 if DEVICE.type == "cuda" else 1) * rounding(dtype) * exact.abs() + 3e-5
    assert bool((difference <= allowed).all())
