"""Feature encoders of RAFT, which AMT has too: frames to maps of an eighth of their size.

Paper: Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow" (ECCV 2020), figure 7 of its
supplement.

    frames (B, 3, H, W)
      | 7 x 7 by 2; two blocks; two by 2; two by 2; 1 x 1
    maps (B, D, H / 8, W / 8)

Every convolution but the last is normalised: over the pixels of each channel of each frame, or by trained statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["instance", "batch"]
Block = Callable[[int, int, int, Norm], nn.Module]


def _norm(kind: Norm, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.InstanceNorm2d(channels)


def _shortcut(before: int, after: int, stride: int, norm: Norm) -> nn.Module:
    """What goes past a block: everything, or one pixel of four."""
    if stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(before, after, 1, stride), _norm(norm, after))


class ResidualBlock(nn.Module):
    """Two convolutions of 3 x 3."""

    def __init__(self, before: int, after: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1)
        self.norm1 = _norm(norm, after)
        self.norm2 = _norm(norm, after)
        self.downsample = _shortcut(before, after, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, h, w) to (B, after, h / stride, w / stride)."""
        y = functional.relu(self.norm1(self.conv1(x)))
        y = functional.relu(self.norm2(self.conv2(y)))
        return functional.relu(self.downsample(x) + y)


class BottleneckBlock(nn.Module):
    """A convolution of 3 x 3 of a quarter of the channels, between two of 1 x 1."""

    def __init__(self, before: int, after: int, stride: int, norm: Norm) -> None:
        super().__init__()
        narrow = after // 4
        self.conv1 = nn.Conv2d(before, narrow, 1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, 1)
        self.conv3 = nn.Conv2d(narrow, after, 1)
        self.norm1 = _norm(norm, narrow)
        self.norm2 = _norm(norm, narrow)
        self.norm3 = _norm(norm, after)
        self.downsample = _shortcut(before, after, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, h, w) to (B, after, h / stride, w / stride)."""
        y = functional.relu(self.norm1(self.conv1(x)))
        y = functional.relu(self.norm2(self.conv2(y)))
        y = functional.relu(self.norm3(self.conv3(y)))
        return functional.relu(self.downsample(x) + y)


class FlowEncoder(nn.Module):
    """Frames to maps.

    Args:
        block: Kind of the blocks.
        widths: Channels of the three pairs of blocks; the first convolution has those of the first.
        dim: Channels of the maps, D.
        norm: How channels are normalised.
    """

    def __init__(self, block: Block, widths: tuple[int, int, int], dim: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3)
        self.norm1 = _norm(norm, widths[0])
        self.layer1 = nn.Sequential(block(widths[0], widths[0], 1, norm), block(widths[0], widths[0], 1, norm))
        self.layer2 = nn.Sequential(block(widths[0], widths[1], 2, norm), block(widths[1], widths[1], 1, norm))
        self.layer3 = nn.Sequential(block(widths[1], widths[2], 2, norm), block(widths[2], widths[2], 1, norm))
        self.conv2 = nn.Conv2d(widths[2], dim, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, 3, H, W), sides multiples of 8, to (B, D, H / 8, W / 8)."""
        x = functional.relu(self.norm1(self.conv1(frames)))
        return cast(Tensor, self.conv2(self.layer3(self.layer2(self.layer1(x)))))
