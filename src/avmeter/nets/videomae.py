"""VideoMAE: a vision transformer over sixteen frames that was trained to fill in what is hidden of a clip.

Paper: Tong et al., "VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training",
NeurIPS 2022 (arXiv 2203.12602).
Published code: github.com/MCG-NJU/VideoMAE; the checkpoint is `MCG-NJU/videomae-base` in the layout of transformers
(`VideoMAEForPreTraining`, Apache-2.0), CC-BY-NC-4.0, 86 million parameters without the decoder, which is not read.

    clip (B, 3, 16, 224, 224)
      | patches of 16 x 16 of every two frames, plus positions
    (B, 8 * 196, 768)
      | 12 pre-norm blocks over all frames, without a bias of keys; LayerNorm
    tokens (B, 1568, 768)
      | their mean
    (B, 768)

Shapes: B batch, L tokens, D width. Positions are no part of the checkpoint: they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import torch
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.separate_attention import Block
from avmeter.nets.sinusoids import sinusoids

NUM_FRAMES = 16
SIDE = 224  # pixels
_TUBE = 2  # frames of a patch
_EPS = 1e-12  # of the layer norms, as transformers has it


@dataclass(frozen=True, kw_only=True)
class VideoMaeConfig:
    """Sizes of the network; the defaults are those of VideoMAE-base.

    Attributes:
        dim: Width D of all tokens.
        depth: Number of blocks.
        num_heads: Attention heads.
        patch_size: Height and width of a patch, pixels.
    """

    dim: int = 768
    depth: int = 12
    num_heads: int = 12
    patch_size: int = 16


class VideoMae(nn.Module):
    """Clips to one vector each."""

    def __init__(self, config: VideoMaeConfig) -> None:
        super().__init__()
        self.config = config
        kernel = (_TUBE, config.patch_size, config.patch_size)
        self.patches = nn.Conv3d(3, config.dim, kernel, stride=kernel)
        self.blocks = nn.ModuleList(
            Block(config.dim, config.num_heads, 4 * config.dim, eps=_EPS, key_bias=False) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.dim, eps=_EPS)

    def embed(self, clip: Tensor) -> Tensor:
        """Return what the first block reads: a clip (B, 3, 16, 224, 224) to tokens (B, L, D)."""
        tokens: Tensor = self.patches(clip).flatten(2).transpose(1, 2)
        return tokens + _positions(tokens.shape[1], self.config.dim, tokens.device, tokens.dtype)

    def forward(self, clip: Tensor) -> Tensor:
        """Embeddings of clips.

        Args:
            clip: (B, 3, 16, 224, 224), RGB, normalised with the mean and deviation of ImageNet.

        Returns:
            (B, 768), of no particular length.

        Raises:
            UsageError: Another shape.
        """
        expected = (3, NUM_FRAMES, SIDE, SIDE)
        if clip.dim() != 5 or clip.shape[1:] != expected:
            raise UsageError(f"VideoMAE reads clips (B, {', '.join(map(str, expected))}), got {tuple(clip.shape)}")
        x = self.embed(clip)
        for block in self.blocks:
            x = block(x)
        return cast(Tensor, self.norm(x).mean(dim=1))


@lru_cache(maxsize=4)
def _positions(num_places: int, dim: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):
        return sinusoids(num_places, dim).to(device, dtype)


KEY_MAP = KeyMap(
    rules=(
        (r"^patches\.", "videomae.embeddings.patch_embeddings.projection."),
        (r"^norm\.", "videomae.layernorm."),
        (r"^blocks\.", "videomae.encoder.layer."),
        (r"\.norm1\.", ".layernorm_before."),
        (r"\.norm2\.", ".layernorm_after."),
        (r"\.attention\.out\.", ".attention.output.dense."),
        (r"\.attention\.query\.bias$", ".attention.attention.q_bias"),
        (r"\.attention\.value\.bias$", ".attention.attention.v_bias"),
        (r"\.attention\.(query|key|value)\.weight$", r".attention.attention.\1.weight"),
        (r"\.mlp\.fc1\.", ".intermediate.dense."),
        (r"\.mlp\.fc2\.", ".output.dense."),
    ),
    unused=(r"mask_token", r"encoder_to_decoder\.weight", r"decoder\..+"),
)


def build(config: VideoMaeConfig | None = None, *, device: torch.device | str = "cpu") -> VideoMae:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: VideoMae(config or VideoMaeConfig()), device=device)
