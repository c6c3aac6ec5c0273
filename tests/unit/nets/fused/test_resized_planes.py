"""Frames that are converted and resized in two passes are those that libswscale and torch make."""

from __future__ import annotations

import pytest
import torch

from avmeter.features.synchformer.video import _resize_fused
from avmeter.media import PlaneCode, Resize, resize_batch
from support.triton_kernels import DEVICE

RESIZE = Resize(short_side=12, interpolation="bicubic", antialias=True, long_side="round", in_="float")


@pytest.mark.parametrize("size", [(32, 50), (50, 32), (12, 16), (8, 14), (24, 36)])
@pytest.mark.parametrize("code", [PlaneCode(matrix=1, is_full_range=False), PlaneCode(matrix=9, is_full_range=True)])
def test_frames_equal_those_of_the_plain_way(size: tuple[int, int], code: PlaneCode) -> None:
    """Larger and smaller ones, landscape and portrait, limited and full range: to the rounding of sums."""
    height, width = size
    rows = (2, height * 3 // 2 + 1, width)
    planes = torch.randint(0, 256, rows, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    expected = resize_batch(planes, RESIZE, "center_floor", code)
    found = _resize_fused(planes, code, RESIZE, "center_floor")
    assert found.shape == expected.shape == (2, 3, 12, 12)
    assert float((found - expected).abs().max()) < 2e-6
