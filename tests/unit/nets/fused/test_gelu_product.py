"""A product, its bias and a GELU in one kernel."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from support.triton_kernels import DTYPES, error, normal, rounding

from avmeter.nets.fused import gelu_product  # isort: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "depth", "columns"), [(5, 16, 8), (300, 96, 520), (128, 64, 256)])
def test_product_with_gelu_is_torchs(dtype: torch.dtype, rows: int, depth: int, columns: int) -> None:
    """Sizes that fill no tile, and those that fill one, differ by rounding only."""
    x, weight = normal(rows, depth, dtype=dtype), normal(columns, depth, dtype=dtype, seed=1) / depth**0.5
    bias = normal(columns, dtype=dtype, seed=2)
    exact = F.gelu(F.linear(x.double(), weight.double(), bias.double()))
    out = gelu_product.linear_gelu(x, weight, bias)
    assert out.dtype == dtype
    assert error(out, exact) < 1.5 * rounding(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cards_without_tile_copies_take_the_same_values_by_two_kernels(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product is torch's there, rounded before the GELU."""
    monkeypatch.setattr(gelu_product, "_num_programs", lambda device: 0)
    x, weight, bias = (normal(*s, dtype=dtype) for s in ((9, 32), (24, 32), (24,)))
    exact = F.gelu(F.linear(x.double(), weight.double(), bias.double()))
    assert error(gelu_product.linear_gelu(x, weight, bias), exact) < 3 * rounding(dtype)
