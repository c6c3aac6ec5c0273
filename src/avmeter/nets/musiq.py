"""MUSIQ: how good a picture is, read at its own size and at two smaller ones.

Paper: Ke et al., "MUSIQ: Multi-scale Image Quality Transformer", ICCV 2021 (arXiv 2108.05997).
Published code: github.com/google-research/google-research, `musiq`, Apache-2.0; in PyTorch github.com/chaofengc/
IQA-PyTorch 01ae427, `pyiqa/archs/musiq_arch.py`, whose checkpoint `musiq_spaq_ckpt-358bb6af.pth` is read here (27
million parameters).

    pixels (B, 3, H, W)
      | resized so that the longer side is 224, and 384, bicubic; and as they are
      | each cut in patches of 32 x 32, zeros around what is no multiple
    patches (B, L, 3, 32, 32), L = patches of all three
      | one convolution of 7 x 7, pooling, one bottleneck block: 256 channels of 8 x 8; a linear layer
    (B, L, 384)
      | plus a vector for the place, of a grid of 10 x 10 whatever the picture's shape; plus one for the scale
      | in front: the class token
      | 14 pre-norm blocks, LayerNorm
    class token (B, 384)
      | a linear layer
    quality (B,), about 0 to 100

Shapes: B batch, L patches, D width, H W pixels.

Differs from the published code: patches that only fill up a scale to a fixed number, and that no other may attend to,
are left out; of the last block only the class token is computed. Neither changes the function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.separate_attention import Block
from avmeter.nets.vit import LAYER_NORM_EPS

PATCH = 32  # pixels
SCALES = (224, 384)
"""Longer sides of the smaller versions of a picture, pixels."""
_STEM = 64  # channels
_GROUPS = 32
_WEIGHT_EPS = 1e-5


@dataclass(frozen=True, kw_only=True)
class MusiqConfig:
    """Sizes of the network; the defaults are those of the published checkpoints.

    Attributes:
        dim: Width D of all tokens.
        depth: Number of blocks.
        num_heads: Attention heads.
        hidden: Width inside a block's two linear layers.
        grid: Places along each side for which there is a vector.
    """

    dim: int = 384
    depth: int = 14
    num_heads: int = 6
    hidden: int = 1152
    grid: int = 10


class StandardisedConv(nn.Conv2d):
    """A convolution whose filters have mean 0 and deviation 1, with zeros around so that strides divide the size."""

    def __init__(self, num_in: int, num_out: int, size: int, stride: int = 1) -> None:
        super().__init__(num_in, num_out, size, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        deviation, mean = torch.std_mean(self.weight, (1, 2, 3), keepdim=True)
        filters = (self.weight - mean) / (deviation + _WEIGHT_EPS)
        return F.conv2d(same_padded(x, self.kernel_size[0], self.stride[0]), filters, stride=self.stride)


def same_padded(x: Tensor, size: int, stride: int) -> Tensor:
    """Put zeros around (..., H, W) as TensorFlow's "SAME" does: the odd one at the bottom and on the right."""
    extra = [max((math.ceil(n / stride) - 1) * stride + size - n, 0) for n in (x.shape[-1], x.shape[-2])]
    return F.pad(x, [side for n in extra for side in (n // 2, n - n // 2)])


class Bottleneck(nn.Module):
    """The residual block of ResNet-v1 with group norms."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.conv1 = StandardisedConv(num_in, num_in, 1)
        self.norm1 = nn.GroupNorm(_GROUPS, num_in, eps=1e-4)
        self.conv2 = StandardisedConv(num_in, num_in, 3)
        self.norm2 = nn.GroupNorm(_GROUPS, num_in, eps=1e-4)
        self.conv3 = StandardisedConv(num_in, num_out, 1)
        self.norm3 = nn.GroupNorm(_GROUPS, num_out, eps=1e-4)
        self.conv_proj = StandardisedConv(num_in, num_out, 1)
        self.norm_proj = nn.GroupNorm(_GROUPS, num_out, eps=1e-4)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        shortcut = self.norm_proj(self.conv_proj(x))
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        return F.relu(self.norm3(self.conv3(x)) + shortcut)


class Musiq(nn.Module):
    """Pictures of any size to one number each."""

    def __init__(self, config: MusiqConfig) -> None:
        super().__init__()
        self.config = config
        self.root = StandardisedConv(3, _STEM, 7, stride=2)
        self.root_norm = nn.GroupNorm(_GROUPS, _STEM, eps=1e-6)
        self.block = Bottleneck(_STEM, 4 * _STEM)
        self.embedding = nn.Linear(4 * _STEM * (PATCH // 4) ** 2, config.dim)
        self.places = nn.Parameter(torch.empty(1, config.grid**2, config.dim))
        self.scales = nn.Parameter(torch.empty(len(SCALES) + 1, config.dim))
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.dim))
        self.blocks = nn.ModuleList(
            Block(config.dim, config.num_heads, config.hidden, eps=LAYER_NORM_EPS) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.dim, eps=LAYER_NORM_EPS)
        self.head = nn.Linear(config.dim, 1)

    def embed(self, patches: Tensor) -> Tensor:
        """Patches (N, 3, 32, 32) from -1 to 1 to vectors (N, D)."""
        x = F.relu(self.root_norm(self.root(patches)))
        x = self.block(F.max_pool2d(same_padded(x, 3, 2), 3, 2))
        out: Tensor = self.embedding(x.permute(0, 2, 3, 1).flatten(1))
        return out

    def tokens(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) from 0 to 1 to what the first block reads: (B, 1 + L, D)."""
        found = [self.cls_token.expand(len(pixels), -1, -1)]
        for scale, image in zip(self.scales, versions(pixels * 2 - 1), strict=True):
            patches, rows, columns = patches_of(image)
            embedded = torch.unflatten(self.embed(patches.flatten(0, 1)), 0, patches.shape[:2])
            places = hashed_places(rows, columns, self.config.grid).to(pixels.device)
            found.append(embedded + self.places[0, places] + scale)
        return torch.cat(found, dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Quality of pictures.

        Args:
            pixels: (B, 3, H, W), RGB from 0 to 1.

        Returns:
            (B,), about 0 to 100; higher is better.

        Raises:
            UsageError: Another shape.
        """
        if pixels.dim() != 4 or pixels.shape[1] != 3 or not min(pixels.shape[2:]):
            raise UsageError(f"MUSIQ reads pixels (B, 3, H, W), got {tuple(pixels.shape)}")
        x = self.tokens(pixels)
        for block in self.blocks[:-1]:
            x = block(x)
        x = self.norm(self.blocks[-1](x, num_queries=1)[:, 0])
        quality: Tensor = self.head(x)[:, 0]
        return quality


def versions(image: Tensor) -> list[Tensor]:
    """Return (B, 3, H, W) with longer sides of `SCALES`, and as it is."""
    height, width = image.shape[2:]
    resized = []
    for long_side in SCALES:
        ratio = long_side / max(height, width)
        size = max(1, round(height * ratio)), max(1, round(width * ratio))
        resized.append(F.interpolate(image, size, mode="bicubic", align_corners=False))
    return [*resized, image]


def patches_of(image: Tensor) -> tuple[Tensor, int, int]:
    """Cut (B, 3, H, W) in patches, row by row: (B, L, 3, 32, 32), and how many rows and columns there are."""
    padded = same_padded(image, PATCH, PATCH)
    rows, columns = (size // PATCH for size in padded.shape[2:])
    grid = padded.reshape(len(image), 3, rows, PATCH, columns, PATCH).permute(0, 2, 4, 1, 3, 5)
    return grid.flatten(1, 2), rows, columns


def hashed_places(rows: int, columns: int, grid: int) -> Tensor:
    """Return the place of each patch in a grid of fixed size, (rows * columns,) int64: that of the nearest cell."""
    cells = torch.arange(grid, dtype=torch.float32)[None, None]
    row, column = (F.interpolate(cells, count, mode="nearest")[0, 0].long() for count in (rows, columns))
    return (row[:, None] * grid + column).flatten()


KEY_MAP = KeyMap(
    rules=(
        (r"^root\.", "conv_root."),
        (r"^root_norm\.", "gn_root."),
        (r"^block\.norm(\w+)\.", r"block1.gn\1."),
        (r"^block\.norm_proj\.", "block1.gn_proj."),
        (r"^block\.", "block1."),
        (r"^places$", "transformer_encoder.posembed_input.position_emb"),
        (r"^scales$", "transformer_encoder.scaleembed_input.scale_emb"),
        (r"^cls_token$", "transformer_encoder.cls"),
        (r"^blocks\.(\d+)\.", r"transformer_encoder.transformer.encoderblock_\1."),
        (r"^norm\.", "transformer_encoder.encoder_norm."),
    )
)


def build(config: MusiqConfig | None = None, *, device: torch.device | str = "cpu") -> Musiq:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoints."""
    return empty_network(lambda: Musiq(config or MusiqConfig()), device=device)
