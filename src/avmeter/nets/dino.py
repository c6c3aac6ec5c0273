"""DINO: a vision transformer whose class token describes a picture, trained without labels.

Paper: Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021 (arXiv 2104.14294).
Published code and weights: github.com/facebookresearch/dino, Apache-2.0; checkpoint `dino_vitbase16_pretrain.pth`,
86 million parameters.

    pixels (B, 3, H, W), any size
      | patches of 16 x 16; what does not fill one is left out
    (B, H // 16 * W // 16, 768)
      | in front: the class token; plus positions, interpolated from 14 x 14 where the grid is another
    (B, L, 768)
      | 12 pre-norm blocks, LayerNorm
    class token (B, 768)

Shapes: B batch, L tokens, D width, H W pixels.

Differs from the published code: attention is fused, and the last block is computed for the class token alone, the only
one read. Neither changes the function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.vit import LAYER_NORM_EPS, Block

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import FusedEncoder

# Added to the size of a grid before it is divided by the trained one. The scale that follows from it, not the sizes
# alone, is what positions are interpolated with, as published.
_GRID_OFFSET = 0.1


@dataclass(frozen=True, kw_only=True)
class DinoConfig:
    """Sizes of the network; the defaults are those of ViT-B/16.

    Attributes:
        dim: Width D of all tokens.
        depth: Number of blocks.
        num_heads: Attention heads.
        patch_size: Height and width of a patch, pixels.
        grid: Patches along each side of the pictures that positions were trained on.
    """

    dim: int = 768
    depth: int = 12
    num_heads: int = 12
    patch_size: int = 16
    grid: int = 14


class PatchEmbedding(nn.Module):
    """Patches of a picture as tokens."""

    def __init__(self, config: DinoConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.dim, config.patch_size, stride=config.patch_size)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, D, rows, columns)."""
        out: Tensor = self.proj(pixels)
        return out


class Dino(nn.Module):
    """Pictures of any size to one vector each."""

    def __init__(self, config: DinoConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.patch_embed = PatchEmbedding(config)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + config.grid**2, dim))
        self.blocks = nn.ModuleList(Block(dim, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.fused: FusedEncoder | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.encoder import FusedEncoder

        self.fused = FusedEncoder((cast(Block, block).parts() for block in self.blocks), dtype=dtype)

    def positions(self, rows: int, columns: int) -> Tensor:
        """Return the positions of the class token and of a grid, (1, 1 + rows * columns, D)."""
        grid = self.config.grid
        if rows == columns == grid:
            return self.pos_embed
        trained = torch.unflatten(self.pos_embed[:, 1:], 1, (grid, grid)).permute(0, 3, 1, 2)
        scale = tuple((size + _GRID_OFFSET) / grid for size in (rows, columns))
        of_grid = F.interpolate(trained, scale_factor=scale, mode="bicubic")
        return torch.cat((self.pos_embed[:, :1], of_grid.flatten(2).transpose(1, 2)), dim=1)

    def embed(self, pixels: Tensor) -> Tensor:
        """Return what the first block reads: pixels (B, 3, H, W) to tokens (B, L, D)."""
        patches = self.patch_embed(pixels)
        tokens = torch.cat((self.cls_token.expand(len(pixels), -1, -1), patches.flatten(2).transpose(1, 2)), dim=1)
        return tokens + self.positions(*patches.shape[2:])

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings of pictures.

        Args:
            pixels: (B, 3, H, W), RGB, normalised with the mean and deviation of ImageNet.

        Returns:
            (B, 768), of no particular length.

        Raises:
            UsageError: Less than one patch.
        """
        size = self.config.patch_size
        if pixels.dim() != 4 or pixels.shape[1] != 3 or min(pixels.shape[2:]) < size:
            raise UsageError(f"DINO reads pixels (B, 3, {size} or more, {size} or more), got {tuple(pixels.shape)}")
        return cast(Tensor, self.norm(self._encode(self.embed(pixels))))

    def _encode(self, x: Tensor) -> Tensor:
        """Tokens (B, L, D) to the last block's class token (B, D)."""
        if self.fused is not None:
            return self.fused(x, num_tokens=1)[:, 0]
        for block in self.blocks[:-1]:
            x = block(x)
        return cast(Tensor, self.blocks[-1](x, num_queries=1)[:, 0])


KEY_MAP = KeyMap()
"""The official checkpoint has the names used here, and nothing besides."""


def build(config: DinoConfig | None = None, *, device: torch.device | str = "cpu") -> Dino:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Dino(config or DinoConfig()), device=device)
