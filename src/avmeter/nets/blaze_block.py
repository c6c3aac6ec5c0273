"""The block that MediaPipe's networks of faces are stacked of.

    x -> depthwise 3 x 3 -> 1 x 1 -> + x -> activation

Where the size is halved, the maximum of every 2 x 2 of `x` is added, and padding is TensorFlow's: more of it comes
after the content. Channels that a block adds are 0 in what came in.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class BlazeBlock(nn.Module):
    """Maps (B, C, H, W) to (B, D, H, W), or (B, D, H / 2, W / 2).

    Args:
        before: Channels that come in.
        after: Channels that go out, as many or more.
        halves: Halve the size.
        activation: Behind the sum.
    """

    def __init__(self, before: int, after: int, *, halves: bool, activation: nn.Module) -> None:
        super().__init__()
        self.halves = halves
        self.added = after - before
        self.depthwise = nn.Conv2d(before, before, 3, stride=2 if halves else 1, groups=before)
        self.pointwise = nn.Conv2d(before, after, 1)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, (0, 1, 0, 1) if self.halves else (1, 1, 1, 1))
        kept = functional.max_pool2d(x, 2) if self.halves else x
        kept = functional.pad(kept, (0, 0, 0, 0, 0, self.added))
        found: Tensor = self.activation(kept + self.pointwise(self.depthwise(padded)))
        return found
