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
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import BlockParts, FusedEncoder

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


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, num_queries: int) -> Tensor:
        """Of tokens (B, L, D), the first `num_queries` attend to all: (B, num_queries, D)."""
        if num_queries == x.shape[1]:
            qkv = self.qkv(x)
            q, k, v = torch.unflatten(qkv, -1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        else:
            weight_q, weight_kv = self.qkv.weight.tensor_split((x.shape[-1],))
            bias_q, bias_kv = self.qkv.bias.tensor_split((x.shape[-1],))
            q = F.linear(x[:, :num_queries], weight_q, bias_q)
            q = torch.unflatten(q, -1, (self.num_heads, -1)).transpose(1, 2)
            kv = F.linear(x, weight_kv, bias_kv)
            k, v = torch.unflatten(kv, -1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) to (..., D)."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, config: PasstConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim, eps=1e-6)
        self.attn = Attention(config.dim, config.num_heads)
        self.norm2 = nn.LayerNorm(config.dim, eps=1e-6)
        self.mlp = Mlp(config.dim, config.mlp_ratio * config.dim)

    def forward(self, x: Tensor, num_queries: int | None = None) -> Tensor:
        """(B, L, D) to (B, L, D), or to the first `num_queries` tokens of it."""
        queries = x.shape[1] if num_queries is None else num_queries
        x = x[:, :queries] + self.attn(self.norm1(x), queries)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out

    def parts(self) -> BlockParts:
        """Return the parameters as fused kernels name them."""
        from avmeter.nets.fused.encoder import BlockParts

        return BlockParts(
            attention_norm=self.norm1,
            qkv_weight=self.attn.qkv.weight,
            qkv_bias=self.attn.qkv.bias,
            out=self.attn.proj,
            mlp_norm=self.norm2,
            fc1=self.mlp.fc1,
            fc2=self.mlp.fc2,
            num_heads=self.attn.num_heads,
        )


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
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
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
