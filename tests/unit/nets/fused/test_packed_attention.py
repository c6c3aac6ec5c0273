"""Attention with head sizes between powers of two."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from support.triton_kernels import DTYPES, error, normal, rounding

from avmeter.nets.fused.packed_attention import attend_packed, is_worth_packing  # isort: skip


@pytest.mark.parametrize("length", [1, 5, 64, 130, 257])
@pytest.mark.parametrize("size", [80, 48])
@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_is_torchs(length: int, size: int, dtype: torch.dtype) -> None:
    """Lengths below a block of keys, of whole blocks, and with a rest."""
    qkv = normal(2, length, 3, 2, size, dtype=dtype)
    q, k, v = (t.transpose(1, 2).double() for t in qkv.unbind(2))
    exact = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    assert error(attend_packed(qkv), exact) < 2 * rounding(dtype)


def test_only_sums_of_two_powers_are_worth_it() -> None:
    """Torch's kernels take powers of two as they are; 112 would need three products."""
    assert [size for size in (16, 32, 48, 64, 72, 80, 96, 112, 128) if is_worth_packing(size)] == [48, 80, 96]
