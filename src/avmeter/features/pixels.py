"""Pixels as networks of frames read them: normalised on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class PixelStatistics:
    """Mean and standard deviation of red, green and blue, of values from 0 to 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


CLIP = PixelStatistics(mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711))
IMAGENET = PixelStatistics(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def normalised(pixels: Tensor, statistics: PixelStatistics, *, channels: int = 1) -> Tensor:
    """Return pixels in [0, 1] less the mean, over the deviation.

    Args:
        pixels: (B, ..., 3, ...).
        statistics: Those that the network was trained with.
        channels: Axis of the colours.
    """
    shape = [3 if axis == channels % pixels.dim() else 1 for axis in range(pixels.dim())]
    mean, std = _on_device(statistics, pixels.device, pixels.dtype)
    return (pixels - mean.view(shape)) / std.view(shape)


@lru_cache(maxsize=32)
def _on_device(statistics: PixelStatistics, device: torch.device, dtype: torch.dtype) -> Sequence[Tensor]:
    """Return both on the device; cached, since to send them anew would make every batch wait for the one before."""
    with torch.inference_mode(False):
        return [torch.tensor(v, dtype=dtype, device=device) for v in (statistics.mean, statistics.std)]
