"""Synchformer's audio tower: an Audio Spectrogram Transformer, pooled over frequency.

Shapes: B segments, F mel bands, L tokens, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.synchformer.config import SynchformerConfig
from avmeter.nets.synchformer.layers import Aggregator, SelfAttention

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import BlockParts, FusedEncoder


class _Dense(nn.Module):
    """A linear layer below the extra level that the checkpoint's names have."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.dense = nn.Linear(num_in, num_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.dense(x)
        return out


class AudioAttention(SelfAttention):
    """Self-attention with its output projection: (B, L, D) to (B, L, D)."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, num_heads)
        self.output = _Dense(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        out: Tensor = self.output(super().forward(x))
        return out


class AudioLayer(nn.Module):
    """Pre-norm attention and MLP; the names follow the checkpoint."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        hidden = config.mlp_ratio * config.dim
        self.attention = AudioAttention(config.dim, config.num_heads)
        self.intermediate = _Dense(config.dim, hidden)
        self.output = _Dense(hidden, config.dim)
        self.layernorm_before = nn.LayerNorm(config.dim, eps=1e-12)
        self.layernorm_after = nn.LayerNorm(config.dim, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        x = x + self.attention(self.layernorm_before(x))
        mlp: Tensor = self.output(F.gelu(self.intermediate(self.layernorm_after(x))))
        return x + mlp

    def parts(self) -> BlockParts:
        """Return the parameters as fused kernels name them."""
        from avmeter.nets.fused.encoder import BlockParts

        return BlockParts(
            attention_norm=self.layernorm_before,
            qkv_weight=self.attention.qkv.weight,
            qkv_bias=self.attention.qkv.bias,
            out=self.attention.output.dense,
            mlp_norm=self.layernorm_after,
            fc1=self.intermediate.dense,
            fc2=self.output.dense,
            num_heads=self.attention.num_heads,
        )


class AudioEncoder(nn.Module):
    """The stack of layers, one level down in the checkpoint's names."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(AudioLayer(config) for _ in range(config.depth))
        self.fused: FusedEncoder | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.encoder import FusedEncoder

        self.fused = FusedEncoder((cast(AudioLayer, layer).parts() for layer in self.layer), dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        if self.fused is not None:
            return self.fused(x)
        for layer in self.layer:
            x = layer(x)
        return x


class PatchEmbeddings(nn.Module):
    """Overlapping mel patches, projected."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.projection = nn.Conv2d(1, config.dim, config.mel_patch_size, stride=config.mel_patch_stride)

    def forward(self, mel: Tensor) -> Tensor:
        """Mel (B, F, frames) to (B, frequencies * times, D)."""
        x: Tensor = self.projection(mel.unsqueeze(1))
        return x.flatten(2).transpose(1, 2)


class AudioEmbeddings(nn.Module):
    """CLS token, distillation token and patches, with positions."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        num_frequencies, num_times = config.audio_grid
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.dim))
        self.distillation_token = nn.Parameter(torch.empty(1, 1, config.dim))
        self.position_embeddings = nn.Parameter(torch.empty(1, 2 + num_frequencies * num_times, config.dim))
        self.patch_embeddings = PatchEmbeddings(config)

    def forward(self, mel: Tensor) -> Tensor:
        """Mel (B, F, frames) to (B, L, D)."""
        patches = self.patch_embeddings(mel)
        special = torch.cat([self.cls_token, self.distillation_token], dim=1)
        x = torch.cat([special.expand(len(patches), -1, -1), patches], dim=1)
        return x + self.position_embeddings


class AudioTower(nn.Module):
    """Mel of one segment to one feature for each time."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.grid = config.audio_grid
        self.embeddings = AudioEmbeddings(config)
        self.encoder = AudioEncoder(config)
        self.layernorm = nn.LayerNorm(config.dim, eps=1e-12)
        self.freq_attn_agg = Aggregator(config.dim, config.num_heads, config.mlp_ratio * config.dim)

    def forward(self, mel: Tensor) -> Tensor:
        """Mel (B, F, frames) to features (B, times, D)."""
        x = self.encoder(self.embeddings(mel))
        patches = torch.unflatten(self.layernorm(x[:, 2:]), 1, self.grid)
        columns = patches.transpose(1, 2).flatten(0, 1)
        features: Tensor = self.freq_attn_agg(columns)
        return torch.unflatten(features, 0, (len(mel), -1))
