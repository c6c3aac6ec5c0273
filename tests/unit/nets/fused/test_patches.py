"""Patches as rows."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from support.triton_kernels import DTYPES, error, normal, rounding

from avmeter.nets.fused.patches import patch_rows  # isort: skip


@pytest.mark.parametrize("pixels_as", ["float32", "as rows"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_times_a_kernel_are_its_convolution(pixels_as: str, dtype: torch.dtype) -> None:
    """Numbers lie in the order of a convolution's weight, places line by line, behind a row of zeros."""
    pixels = normal(2, 6, 3, 32, 48, dtype=torch.float32 if pixels_as == "float32" else dtype)
    kernel = normal(5, 3, 2, 16, 16, seed=1)
    rows = patch_rows(pixels, depth=2, size=16, dtype=dtype)
    assert rows.shape == (2, 3, 1 + 2 * 3, 3 * 2 * 16 * 16)
    assert not rows[:, :, 0].any()
    exact = F.conv3d(pixels.double().transpose(1, 2), kernel.double(), stride=(2, 16, 16))  # (B, 5, T, rows, columns)
    out = rows[:, :, 1:].double() @ kernel.double().flatten(1).t()
    assert error(out, exact.flatten(3).permute(0, 2, 3, 1)) < rounding(dtype)
