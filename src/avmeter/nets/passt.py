"""PaSST: a transformer over mel patches that tags sound with the 527 classes of AudioSet.

Paper: Koutini, Schlüter, Eghbal-zadeh, Widmer, "Efficient Training of Audio Transformers with Patchout",
Interspeech 2022 (arXiv 2110.05069). Published code and weights: github.com/kkoutini/PaSST, Apache-2.0; the
checkpoint is the weight average `passt-s-f128-p16-s10-ap.476-swa.pt`, 86 million parameters.

    mel (B, 1, 128, 1000), 10 s
      | patches of 16 x 16 every 10 x 10, plus a position in time and one in frequency
    (B, 12 * 99, 768)
      | in front: one class and one distillation token
    (B, 1190, 768)
      | 12 pre-norm blocks
    mean of the two tokens = embedding (B, 768)
      | LayerNorm, linear
    logits (B, 527)

Shapes: `B` batch, `F` mel bands, `T` mel frames, `L` tokens, `D` width, `H` heads.

Differs from the published code: nothing of training (patchout, dropout, the distillation head) is here, attention
is fused, and the last block is computed for the two tokens that are read. None of it changes the function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.vit import Block

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import FusedEncoder

# The class token and the distillation token.
_NUM_EXTRA_TOKENS = 2


@dataclass(frozen=True, kw_only=True)
class PasstConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        dim: Width D of all tokens.
        depth: Number of blocks.
        num_heads: Attention heads H.
        mlp_ratio: Hidden width of every MLP over D.
        patch_size: Bands and frames of a patch.
        patch_stride: Step between patches, both ways.
        num_mels: Mel bands F.
        num_mel_frames: Most mel frames that positions in time exist for.
        num_classes: Number of logits.
    """

    dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: int = 4
    patch_size: int = 16
    patch_stride: int = 10
    num_mels: int = 128
    num_mel_frames: int = 1000
    num_classes: int = 527

    def num_patches(self, size: int) -> int:
        """Return the number of patches along an axis of `size` bands or frames."""
        return (size - self.patch_size) // self.patch_stride + 1


class PasstOutput(NamedTuple):
    """What one pass gives.

    Attributes:
        logits: (B, 527), before the sigmoid.
        embedding: (B, 768), the mean of both extra tokens behind the last LayerNorm.
    """

    logits: Tensor
    embedding: Tensor


class PatchEmbedding(nn.Module):
    """Overlapping patches of the mel spectrogram as tokens."""

    def __init__(self, config: PasstConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, config.dim, config.patch_size, stride=config.patch_stride)

    def forward(self, mel: Tensor) -> Tensor:
        """(B, 1, F, T) to (B, D, patches in frequency, patches in time)."""
        out: Tensor = self.proj(mel)
        return out


class Passt(nn.Module):
    """Sound tagger and embedding of up to 10 s."""

    def __init__(self, config: PasstConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.patch_embed = PatchEmbedding(config)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.dist_token = nn.Parameter(torch.empty(1, 1, dim))
        self.new_pos_embed = nn.Parameter(torch.empty(1, _NUM_EXTRA_TOKENS, dim))
        self.freq_new_pos_embed = nn.Parameter(torch.empty(1, dim, config.num_patches(config.num_mels), 1))
        self.time_new_pos_embed = nn.Parameter(torch.empty(1, dim, 1, config.num_patches(config.num_mel_frames)))
        self.blocks = nn.ModuleList(Block(dim, config.num_heads, config.mlp_ratio) for _ in range(config.depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, config.num_classes))
        self.fused: FusedEncoder | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.encoder import FusedEncoder

        self.fused = FusedEncoder((cast(Block, block).parts() for block in self.blocks), dtype=dtype)

    def tokens(self, mel: Tensor) -> Tensor:
        """Return what the first block reads: class token, distillation token, patches (frequency outer, time inner).

        Args:
            mel: (B, 1, F, T).

        Returns:
            (B, L, D).
        """
        patches = self.patch_embed(mel)
        patches = patches + self.time_new_pos_embed[..., : patches.shape[-1]] + self.freq_new_pos_embed
        extra = torch.cat((self.cls_token, self.dist_token), dim=1) + self.new_pos_embed
        return torch.cat((extra.expand(len(mel), -1, -1), patches.flatten(2).transpose(1, 2)), dim=1)

    def forward(self, mel: Tensor) -> PasstOutput:
        """Logits and embedding of mel spectrograms.

        Args:
            mel: (B, 1, 128, T), 16 <= T <= 1005, as `avmeter.dsp.mel.passt_mel` makes them. Fewer frames than
                1000 are a shorter sound; padding it instead gives another result.

        Raises:
            UsageError: Another number of bands, or no positions for so many frames.
        """
        self._check(mel)
        embedding = self.norm(self._encode(self.tokens(mel))).mean(dim=1)
        return PasstOutput(logits=self.head(embedding), embedding=embedding)

    def _encode(self, x: Tensor) -> Tensor:
        """Tokens (B, L, D) to the last block's class and distillation token (B, 2, D)."""
        if self.fused is not None:
            return self.fused(x, num_tokens=_NUM_EXTRA_TOKENS)
        for block in self.blocks[:-1]:
            x = block(x)
        extra: Tensor = self.blocks[-1](x, num_queries=_NUM_EXTRA_TOKENS)
        return extra

    def _check(self, mel: Tensor) -> None:
        config = self.config
        longest = config.num_patches(config.num_mel_frames) * config.patch_stride + config.patch_size - 1
        fits = mel.dim() == 4 and mel.shape[1:3] == (1, config.num_mels)
        if not fits or not config.patch_size <= mel.shape[3] <= longest:
            raise UsageError(
                f"PaSST reads mel spectrograms (B, 1, {config.num_mels}, {config.patch_size} to {longest}), "
                f"got {tuple(mel.shape)}",
                hint="cut sounds of more than 10 s into windows",
            )


KEY_MAP = KeyMap(unused=(r"head_dist\.(weight|bias)",))
"""The official checkpoint has the names used here; its second classifier serves in training only."""


def build(config: PasstConfig | None = None, *, device: torch.device | str = "cpu") -> Passt:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Passt(config or PasstConfig()), device=device)
