"""UMT: a vision transformer over sixteen frames that names one of 400 actions.

Paper: Li et al., "Unmasked Teacher: Towards Training-Efficient Video Foundation Models", ICCV 2023 (arXiv 2303.16058).
Published code: github.com/OpenGVLab/unmasked_teacher and, with the checkpoint that VBench uses,
github.com/Vchitect/VBench (`vbench/third_party/umt`), Apache-2.0; `l16_ptk710_ftk710_ftk400_f16_res224.pth`, ViT-L/16
fine-tuned on Kinetics-400, 304 million parameters.

    clip (B, 3, 16, 224, 224)
      | patches of 16 x 16 of every frame, plus positions
    (B, 16 * 196, 1024)
      | 24 pre-norm blocks over all frames, without a bias of keys
    mean of all tokens, LayerNorm, linear
    logits (B, 400)

Shapes: B batch, T frames, L tokens, D width.

Positions are no part of the checkpoint: they are computed, of 8 frames as in training, and stretched to 16.

Differs from the published code: nothing of training (dropout) is here, and attention is fused. Neither changes the
function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.sinusoids import sinusoids
from avmeter.nets.vit import LAYER_NORM_EPS, Block

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import FusedEncoder

NUM_FRAMES = 16
SIDE = 224  # pixels
_TRAINED_FRAMES = 8


@cache
def actions() -> tuple[str, ...]:
    """Return the 400 classes of Kinetics-400 in the order of the logits, in lower case.

    Source: Kay et al., "The Kinetics Human Action Video Dataset" (2017), CC-BY-4.0; the order is that of
    `kinetics_400_categories.txt` of the published code.
    """
    return tuple(resources.files("avmeter.nets").joinpath("kinetics_400.txt").read_text("utf-8").splitlines())


@dataclass(frozen=True, kw_only=True)
class UmtConfig:
    """Sizes of the network; the defaults are those of UMT-L/16 for Kinetics-400.

    Attributes:
        dim: Width D of all tokens.
        depth: Number of blocks.
        num_heads: Attention heads.
        num_frames: Frames T of a clip.
        image_size: Height and width of a frame, pixels.
        patch_size: Height and width of a patch, pixels.
        num_classes: Number of logits.
    """

    dim: int = 1024
    depth: int = 24
    num_heads: int = 16
    num_frames: int = NUM_FRAMES
    image_size: int = SIDE
    patch_size: int = 16
    num_classes: int = 400


class PatchEmbedding(nn.Module):
    """Patches of every frame as tokens."""

    def __init__(self, config: UmtConfig) -> None:
        super().__init__()
        kernel = (1, config.patch_size, config.patch_size)
        self.proj = nn.Conv3d(3, config.dim, kernel, stride=kernel)

    def forward(self, clip: Tensor) -> Tensor:
        """(B, 3, T, height, width) to (B, L, D), frame by frame."""
        tokens: Tensor = self.proj(clip).flatten(2).transpose(1, 2)
        return tokens


class Umt(nn.Module):
    """Clips to logits of actions."""

    def __init__(self, config: UmtConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbedding(config)
        self.blocks = nn.ModuleList(Block(config.dim, config.num_heads, key_bias=False) for _ in range(config.depth))
        self.fc_norm = nn.LayerNorm(config.dim, eps=LAYER_NORM_EPS)
        self.head = nn.Linear(config.dim, config.num_classes)
        self.fused: FusedEncoder | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.encoder import FusedEncoder

        self.fused = FusedEncoder((cast(Block, block).parts() for block in self.blocks), dtype=dtype)

    def embed(self, clip: Tensor) -> Tensor:
        """Return what the first block reads: a clip (B, 3, T, height, width) to tokens (B, L, D)."""
        tokens: Tensor = self.patch_embed(clip)
        return tokens + _positions(self.config, tokens.device, tokens.dtype)

    def forward(self, clip: Tensor) -> Tensor:
        """Logits of clips.

        Args:
            clip: (B, 3, 16, 224, 224), RGB, normalised with the mean and deviation of ImageNet.

        Returns:
            (B, 400), before the sigmoid.

        Raises:
            UsageError: Another shape.
        """
        size = self.config.image_size
        expected = (3, self.config.num_frames, size, size)
        if clip.dim() != 5 or clip.shape[1:] != expected:
            raise UsageError(f"UMT reads clips (B, {', '.join(map(str, expected))}), got {tuple(clip.shape)}")
        return cast(Tensor, self.head(self.fc_norm(self._encode(self.embed(clip)).mean(dim=1))))

    def _encode(self, x: Tensor) -> Tensor:
        """Tokens (B, L, D) to those of the last block (B, L, D)."""
        if self.fused is not None:
            return self.fused(x, num_tokens=x.shape[1])
        for block in self.blocks:
            x = block(x)
        return x


@lru_cache(maxsize=4)
def _positions(config: UmtConfig, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return sines and cosines of the place of each token, (L, D), between those of the frames of training."""
    num_patches = (config.image_size // config.patch_size) ** 2
    table = sinusoids(_TRAINED_FRAMES * num_patches, config.dim)
    with torch.inference_mode(False):
        by_frame = table.reshape(_TRAINED_FRAMES, -1).T[None]
        stretched = F.interpolate(by_frame, size=config.num_frames, mode="linear")[0].T
        return stretched.reshape(-1, config.dim).to(device, dtype)


KEY_MAP = KeyMap()
"""The official checkpoint has the names used here, and nothing besides."""


def build(config: UmtConfig | None = None, *, device: torch.device | str = "cpu") -> Umt:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Umt(config or UmtConfig()), device=device)
