"""Structural similarity of each frame of a generated clip against the frame of equal number of its reference.

Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), per colour channel: a
Gaussian window of 11 x 11 pixels and sigma 1.5, C1 = 0.01^2 and C2 = 0.03^2, biased variances. The mean over all pixels
pads frames with zeros; the mean over the inner pixels leaves out the 5 at each border, whose windows are not whole.

Shapes: B frames of either clip; H, W pixels; P planes, which are the channels of all frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from avmeter.features.base import Features, Window
from avmeter.features.frame_network import WindowedFrames
from avmeter.features.frame_stream import FrameConsumer
from avmeter.features.frames.base import FramePairs
from avmeter.media import MediaItem
from avmeter.registry import register_extractor

_RADIUS = 5
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2
_BLOCK = 24  # rows or columns of one product: larger blocks multiply more zeros, smaller ones are slower a number


@register_extractor("frame_ssim")
class FrameSsimExtractor(WindowedFrames):
    """Arrays `ssim` (T,) over all pixels and `inner` (T,) without the border; facts are the numbers of frames."""

    version = "2"
    num_clips = 2
    batch_size = 4
    gpu_batch_size = 8
    is_concurrent = True

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return FramePairs(*clips, min_side=2 * _RADIUS + 1, reader="SSIM")

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return means of rows, (B, 3, H) and (B, 3, H - 10), in float32 in every precision of the networks."""
        generated, reference = batch["generated"], batch["reference"]
        with torch.autocast(generated.device.type, enabled=False):
            rows = [(m.mean(-1), _inner(m).mean(-1)) for m in ssim_maps(generated, reference)]
        everywhere, inside = (torch.cat(parts) for parts in zip(*rows, strict=True))
        shape = (len(generated), 3, -1)
        return {"ssim": everywhere.reshape(shape), "inner": inside.reshape(shape)}

    def collect(self, outputs: Mapping[str, Tensor]) -> list[dict[str, Any]]:
        """Return the means of frames, over those of rows in float64."""
        means = {name: rows.cpu().double().mean((1, 2)).tolist() for name, rows in outputs.items()}
        return [dict(zip(means, values, strict=True)) for values in zip(*means.values(), strict=True)]

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={name: np.array([o[name] for o in outputs], np.float64) for name in ("ssim", "inner")}, facts=facts
        )


def _inner(maps: Tensor) -> Tensor:
    """Return maps without the border whose windows are not whole."""
    return maps[..., _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def ssim_maps(generated: Tensor, reference: Tensor) -> Iterator[Tensor]:
    """Yield the similarity at every pixel, (P', H, W) of some planes, those of a frame one after the other.

    Args:
        generated: Frames (B, H, W, 3), bytes, or floats from 0 to 1.
        reference: The same.

    Yields:
        float32, up to 1; to be read before the next is asked for, which may take its memory.
    """
    x, y = (frames.permute(0, 3, 1, 2).flatten(0, 1) for frames in (generated, reference))
    yield from (maps_by_products if x.device.type == "cpu" else maps_by_convolution)(x, y)


def maps_by_products(x: Tensor, y: Tensor) -> Iterator[Tensor]:
    """Yield the similarity of planes (P, H, W) on the CPU, each for itself, in memory of its own that is used again."""
    products = BandedProducts(*x.shape[1:])
    for one, other in zip(x, y, strict=True):
        _fill(products.planes, one, other)
        yield _similarity(products.planes, products.smoothed())[None]


def maps_by_convolution(x: Tensor, y: Tensor) -> Iterator[Tensor]:
    """Yield the similarity of planes (P, H, W) on any device, all of them at once."""
    planes = x.new_empty(len(x), 4, *x.shape[1:], dtype=torch.float32)
    _fill(planes, x, y)
    yield _similarity(planes, convolved(planes))


def _fill(planes: Tensor, x: Tensor, y: Tensor) -> None:
    """Fill planes (..., 4, H, W) with x, y (..., H, W) from 0 to 1, their product, half the sum of squares."""
    first, second, product, squares = planes.unbind(-3)
    for plane, values in ((first, x), (second, y)):
        plane.copy_(values)
        if values.dtype == torch.uint8:
            plane.mul_(1 / 255)
    torch.mul(first, second, out=product)
    torch.mul(first, first, out=squares).addcmul_(second, second).mul_(0.5)


def _similarity(planes: Tensor, smoothed: Tensor) -> Tensor:
    """Return the similarity (..., H, W) of planes (..., 4, H, W) that are smoothed; the memory of both is used up."""
    (mean_x, mean_y), second = smoothed.unbind(-3)[:2], smoothed[..., 2:, :, :]
    first = planes[..., :2, :, :]
    product, squares = first.unbind(-3)
    torch.mul(mean_x, mean_y, out=product)
    torch.mul(mean_x, mean_x, out=squares).addcmul_(mean_y, mean_y).mul_(0.5)
    second.sub_(first).add_(_C2 / 2)  # covariance, and half the sum of the variances
    numerator, denominator = first.add_(_C1 / 2).mul_(second).unbind(-3)
    return numerator.div_(denominator)


def convolved(planes: Tensor) -> Tensor:
    """Convolve planes (P, 4, H, W), padded with zeros, with the window.

    Depthwise, which torch does by kernels of its own in float32: they know no TF32, whatever is allowed to networks.
    """
    num = planes.shape[1]
    window = _window().to(planes.device).expand(num, 1, -1)
    columns = F.conv2d(planes, window[..., None].contiguous(), padding=(_RADIUS, 0), groups=num)
    return F.conv2d(columns, window[..., None, :].contiguous(), padding=(0, _RADIUS), groups=num)


class BandedProducts:
    """Convolves four planes of one size on the CPU, time after time, in memory of its own.

    The planes lie one below the other with 5 rows of zeros in between. Blocks of 24 rows, each with 5 more on either
    side, times the band are all rows; blocks of columns likewise: two calls, and 10 times as fast as a depthwise
    convolution.

    Attributes:
        planes: (4, H, W), to be filled.
    """

    def __init__(self, height: int, width: int) -> None:
        pitch = height + _RADIUS
        num_row_blocks, num_column_blocks = math.ceil(4 * pitch / _BLOCK), math.ceil(width / _BLOCK)
        num_rows, num_columns = num_row_blocks * _BLOCK, num_column_blocks * _BLOCK
        taps, wide = _BLOCK + 2 * _RADIUS, num_columns + 2 * _RADIUS
        padded = torch.zeros(num_rows + 2 * _RADIUS, wide)
        self.planes = padded.as_strided((4, height, width), (pitch * wide, wide, 1), _RADIUS * (wide + 1))
        self._row_band = _band().expand(num_row_blocks, -1, -1)
        self._row_blocks = padded.as_strided((num_row_blocks, taps, wide), (_BLOCK * wide, wide, 1))
        self._rows = torch.empty(num_row_blocks, _BLOCK, wide)
        self._column_band = _band().T.expand(num_column_blocks, -1, -1)
        self._column_blocks = self._rows.as_strided((num_column_blocks, num_rows, taps), (_BLOCK, wide, 1))
        smoothed = torch.empty(num_rows, num_columns)
        self._columns = smoothed.as_strided((num_column_blocks, num_rows, _BLOCK), (_BLOCK, num_columns, 1))
        self._smoothed = smoothed.as_strided((4, height, width), (pitch * num_columns, num_columns, 1))

    def smoothed(self) -> Tensor:
        """Return the planes convolved with the window, (4, H, W); valid until the next call."""
        torch.bmm(self._row_band, self._row_blocks, out=self._rows)
        torch.bmm(self._column_blocks, self._column_band, out=self._columns)
        return self._smoothed


def _window() -> Tensor:
    """Return the Gaussian, (11,), whose sum is 1."""
    distances = torch.arange(-_RADIUS, _RADIUS + 1, dtype=torch.float32)
    window = torch.exp(-distances.square() / (2 * _SIGMA**2))
    return window / window.sum()


def _band() -> Tensor:
    """Return the matrix (block, block + 10) whose every row is the Gaussian, one column further on."""
    window = _window()
    band = torch.zeros(_BLOCK, _BLOCK + 2 * _RADIUS)
    for row in range(_BLOCK):
        band[row, row : row + len(window)] = window
    return band
