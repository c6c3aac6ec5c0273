"""Frames of any size for networks that read multiples of some number of pixels: a border that is cut off again."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Border:
    """Pixels on each side, half of them before the frame and half behind, the odd one behind."""

    left: int
    right: int
    top: int
    bottom: int

    @classmethod
    def up_to(cls, multiple: int, *, height: int, width: int) -> Border:
        """Return the border that makes both sides of a frame multiples of a number."""
        rows, columns = -height % multiple, -width % multiple
        return cls(left=columns // 2, right=columns - columns // 2, top=rows // 2, bottom=rows - rows // 2)

    def added(self, frames: Tensor) -> Tensor:
        """Return frames (B, C, H, W) of floats with their outermost pixels repeated."""
        return functional.pad(frames, (self.left, self.right, self.top, self.bottom), mode="replicate")

    def removed(self, frames: Tensor) -> Tensor:
        """Return maps (..., H', W') without the border."""
        height, width = frames.shape[-2:]
        return frames[..., self.top : height - self.bottom, self.left : width - self.right]
