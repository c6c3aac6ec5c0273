"""Synchformer's comparison of both feature sequences.

Shapes: B comparisons, S segments, L tokens, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from avmeter.nets.synchformer.config import SynchformerConfig
from avmeter.nets.synchformer.layers import SelfAttention


class CompareAttention(SelfAttention):
    """Self-attention with its output projection: (B, L, D) to (B, L, D)."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, num_heads)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        out: Tensor = self.proj(super().forward(x))
        return out


class CompareBlock(nn.Module):
    """Pre-norm attention and MLP; the names follow the checkpoint."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        hidden = config.mlp_ratio * config.dim
        self.ln1 = nn.LayerNorm(config.dim)
        self.ln2 = nn.LayerNorm(config.dim)
        self.attn = CompareAttention(config.dim, config.compare_num_heads)
        self.mlp = nn.Sequential(nn.Linear(config.dim, hidden), nn.GELU(), nn.Linear(hidden, config.dim))

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        x = x + self.attn(self.ln1(x))
        mlp: Tensor = self.mlp(self.ln2(x))
        return x + mlp


class Comparison(nn.Module):
    """Features of both towers to logits over the offset between them."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        dim = config.dim
        self.vproj = nn.Linear(dim, dim)
        self.aproj = nn.Linear(dim, dim)
        self.OFF_tok = nn.Parameter(torch.empty(1, 1, dim))
        self.MOD_tok = nn.Parameter(torch.empty(1, 1, dim))
        self.vis_in_lnorm = nn.LayerNorm(dim)
        self.aud_in_lnorm = nn.LayerNorm(dim)
        self.pos_emb = nn.Parameter(torch.empty(1, config.sequence_length, dim))
        self.blocks = nn.ModuleList(CompareBlock(config) for _ in range(config.compare_depth))
        self.ln_f = nn.LayerNorm(dim)
        self.off_head = nn.Linear(dim, config.num_offsets)

    def forward(self, video: Tensor, audio: Tensor) -> Tensor:
        """Video (B, S, T, D) and audio (B, S, times, D) to logits (B, offsets)."""
        num = len(video)
        v = self.vis_in_lnorm(self.vproj(video.flatten(1, 2)))
        a = self.aud_in_lnorm(self.aproj(audio.flatten(1, 2)))
        x = torch.cat([self.OFF_tok.expand(num, -1, -1), v, self.MOD_tok.expand(num, -1, -1), a], dim=1)
        x = x + self.pos_emb
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.off_head(self.ln_f(x[:, 0]))
        return logits
