"""The transformer that all three towers of PE-AV share.

tokens (B, T, D) --class token in front--> (B, 1 + T, D) --residual block of convolutions
                 --attention layers with rotary positions--> norm --> linear
                 --> pooled (B, D): the class token's; states (B, T, D): the others'
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.pe_av.config import TransformerConfig


class ConvBlock(nn.Module):
    """Norm over all places and channels, SiLU, convolution over three places."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.groupnorm = nn.GroupNorm(1, dim)
        self.project = nn.Conv1d(dim, dim, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, T) -> (B, D, T)."""
        found: Tensor = self.project(functional.silu(self.groupnorm(x)))
        return found


class Attention(nn.Module):
    """Self-attention with norms on queries and keys and interleaved rotary positions."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        inner = config.num_heads * config.head_dim
        self.q_proj = nn.Linear(config.dim, inner, bias=False)
        self.k_proj = nn.Linear(config.dim, inner, bias=False)
        self.v_proj = nn.Linear(config.dim, inner, bias=False)
        self.o_proj = nn.Linear(inner, config.dim, bias=False)
        self.q_norm = nn.RMSNorm(config.head_dim, eps=config.norm_eps)
        self.k_norm = nn.RMSNorm(config.head_dim, eps=config.norm_eps)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, T, D) with rotary angles (T, head_dim / 2) -> (B, T, D)."""
        q, k, v = (part(x).unflatten(-1, (self.num_heads, -1)) for part in (self.q_proj, self.k_proj, self.v_proj))
        q, k = self.q_norm(q.float()).transpose(1, 2), self.k_norm(k.float()).transpose(1, 2)
        heads = functional.scaled_dot_product_attention(rotate(q, angles), rotate(k, angles), v.transpose(1, 2))
        found: Tensor = self.o_proj(heads.transpose(1, 2).flatten(2))
        return found


class FeedForward(nn.Module):
    """A gated feed-forward part (SwiGLU)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.dim, config.hidden_dim, bias=False)
        self.up_proj = nn.Linear(config.dim, config.hidden_dim, bias=False)
        self.down_proj = nn.Linear(config.hidden_dim, config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        found: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return found


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and beside the identity."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.dim, eps=config.norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.dim, eps=config.norm_eps)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.self_attn(self.input_layernorm(x), angles)
        found: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return found


class Transformer(nn.Module):
    """See the module's drawing."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.class_embedding = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.block1 = ConvBlock(config.dim)
        self.block2 = ConvBlock(config.dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = nn.RMSNorm(config.dim, eps=config.norm_eps)
        self.output = nn.Linear(config.dim, config.dim, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) -> pooled (B, D), states (B, T, D). All clips of a batch are equally long."""
        x = torch.cat([self.class_embedding.expand(len(tokens), -1, -1), tokens], dim=1)
        x = x + self.block2(self.block1(x.transpose(1, 2))).transpose(1, 2)
        angles = _angles(x.shape[1], self.config, x.device)
        for layer in self.layers:
            x = layer(x, angles)
        x = self.output(self.norm(x))
        return x[:, 0], x[:, 1:]


class Head(nn.Module):
    """From a tower to the joint space."""

    def __init__(self, dim: int, output_dim: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(dim, eps=1e-6)
        self.proj = nn.Linear(dim, output_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) -> (B, E), of any length."""
        found: Tensor = self.proj(self.layer_norm(x))
        return found


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn each pair of neighbouring numbers of (..., T, 2 n) by the angles (T, n), radians."""
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def _angles(num_places: int, config: TransformerConfig, device: torch.device) -> Tensor:
    """(num_places, head_dim / 2), float32."""
    half = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device=device) / config.head_dim
    places = torch.arange(num_places, dtype=torch.float32, device=device)
    return places[:, None] * (1.0 / config.rope_base**half)
