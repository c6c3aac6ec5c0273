"""Structural similarity of each frame of a generated clip against the frame of equal number of its reference.

Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), per colour channel: a
Gaussian window of 11 x 11 pixels and sigma 1.5, C1 = 0.01^2 and C2 = 0.03^2, biased variances. The mean over all pixels
pads frames with zeros; the mean over the inner pixels leaves out the 5 at each border, whose windows are not whole.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer, FrameExtractor
from avmeter.features.frames.base import SharedFrames, as_unit
from avmeter.media import MediaItem
from avmeter.registry import register_extractor

_RADIUS = 5
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2
_BLOCK = 24  # rows or columns of one product: larger blocks multiply more zeros, smaller ones start more products


@register_extractor("frame_ssim")
class FrameSsimExtractor(FrameExtractor):
    """Arrays `ssim` (T,) over all pixels and `inner` (T,) without the border; facts are the numbers of frames."""

    num_clips = 2

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Similarities(*clips)


class _Similarities(FrameConsumer):
    def __init__(self, generated: MediaItem, reference: MediaItem) -> None:
        shared = SharedFrames(generated, reference)
        stream = generated.info.video[0]
        if min(stream.width, stream.height) <= 2 * _RADIUS:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{generated.name} is {stream.width}x{stream.height}: the window of SSIM is 11x11",
            )
        self.ranges = shared.ranges
        self._facts = shared.facts
        self._all: list[float] = []
        self._inner: list[float] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        generated, reference = frames
        assert generated is not None
        assert reference is not None
        similarity = ssim_map(as_unit(generated), as_unit(reference))
        inner = similarity[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        self._all.append(float(similarity.mean(dtype=torch.float64)))
        self._inner.append(float(inner.mean(dtype=torch.float64)))
        return ()

    def finish(self) -> Features:
        return Features(
            arrays={"ssim": np.array(self._all, np.float64), "inner": np.array(self._inner, np.float64)},
            facts=self._facts,
        )


def ssim_map(generated: Frame, reference: Frame) -> Tensor:
    """Return the similarity at every pixel, (3, H, W), of two frames (H, W, 3) from 0 to 1."""
    height, width = generated.shape[:2]
    padded = torch.zeros(4, 3, height + 2 * _RADIUS, width + 2 * _RADIUS)
    inside = padded[:, :, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    x, y = (torch.from_numpy(np.ascontiguousarray(f.transpose(2, 0, 1))) for f in (generated, reference))
    inside[0], inside[1] = x, y
    torch.mul(x, y, out=inside[2])
    inside[3] = x.square().addcmul_(y, y)
    mean_x, mean_y, mean_product, mean_squares = _smoothed(padded.flatten(0, 1)).reshape(4, *x.shape)
    product = mean_x * mean_y
    squares = mean_x.square().addcmul_(mean_y, mean_y)
    covariance, variances = mean_product.sub_(product), mean_squares.sub_(squares)
    numerator = product.mul_(2).add_(_C1).mul_(covariance.mul_(2).add_(_C2))
    similarity: Tensor = numerator.div_(squares.add_(_C1).mul_(variances.add_(_C2)))
    return similarity


def _smoothed(padded: Tensor) -> Tensor:
    """Convolve planes (N, H + 10, W + 10) with the window, (N, H, W).

    As products with banded matrices, block by block: on a CPU 10 times as fast as a depthwise convolution.
    """
    num, height, width = padded.shape[0], padded.shape[1] - 2 * _RADIUS, padded.shape[2] - 2 * _RADIUS
    band = _band()
    rows = padded.new_empty(num, height, width + 2 * _RADIUS)
    for top in range(0, height, _BLOCK):
        size = min(_BLOCK, height - top)
        taps = size + 2 * _RADIUS
        rows[:, top : top + size] = torch.matmul(band[:size, :taps], padded[:, top : top + taps])
    lines = rows.flatten(0, 1)
    smoothed = padded.new_empty(num * height, width)
    for left in range(0, width, _BLOCK):
        size = min(_BLOCK, width - left)
        taps = size + 2 * _RADIUS
        smoothed[:, left : left + size] = lines[:, left : left + taps] @ band[:size, :taps].T
    return smoothed.reshape(num, height, width)


def _band() -> Tensor:
    """Return the matrix (block, block + 10) whose every row is the Gaussian, one column further on."""
    distances = torch.arange(-_RADIUS, _RADIUS + 1, dtype=torch.float32)
    window = torch.exp(-distances.square() / (2 * _SIGMA**2))
    window /= window.sum()
    band = torch.zeros(_BLOCK, _BLOCK + 2 * _RADIUS)
    for row in range(_BLOCK):
        band[row, row : row + len(window)] = window
    return band
