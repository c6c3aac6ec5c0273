"""wav2vec 2.0: an encoder of 16 kHz waveforms, here without its training parts.

Paper: Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", NeurIPS 2020
(arXiv 2006.11477). Published code: github.com/facebookresearch/fairseq, MIT.

    waveform (B, S)
      | 7 convolutions, 320 samples a step; the first is normalised over the whole waveform
    frames (B, L, C) -> width (B, L, D)
      | + positional convolution, norm
      | 12 post-norm layers, or 24 pre-norm ones with the norm behind them
    (B, L, D)

WavLM without its relative positions: both share their layers. Shape letters and sizes as of `avmeter.nets.wavlm`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.wavlm import PositionalConv, WavLMConfig, convolutions


class Attention(nn.Module):
    """Self-attention over frames."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.query = nn.Linear(config.dim, config.dim)
        self.key = nn.Linear(config.dim, config.dim)
        self.value = nn.Linear(config.dim, config.dim)
        self.out = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to the same shape."""
        q, k, v = (
            torch.unflatten(project(x), -1, (self.num_heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        out: Tensor = self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return out


class Layer(nn.Module):
    """Attention and feed-forward part, each normalised after its residual sum, or before it with `norm_first`."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.norm_first = config.norm_first
        self.attention = Attention(config)
        self.attention_norm = nn.LayerNorm(config.dim)
        self.fc1 = nn.Linear(config.dim, config.hidden_dim)
        self.fc2 = nn.Linear(config.hidden_dim, config.dim)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to the same shape."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x))
            out: Tensor = x + self.fc2(F.gelu(self.fc1(self.norm(x))))
            return out
        x = self.attention_norm(x + self.attention(x))
        out = self.norm(x + self.fc2(F.gelu(self.fc1(x))))
        return out


class Wav2Vec2(nn.Module):
    """Waveforms of one length to the output of the last layer; keys as of `avmeter.nets.wavlm.KEY_MAP`."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.config = config
        self.convs = convolutions(config)
        self.conv_norm = nn.LayerNorm(config.conv_channels)
        self.project = nn.Linear(config.conv_channels, config.dim)
        self.position = PositionalConv(config)
        self.position_norm = nn.LayerNorm(config.dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))

    def forward(self, waveform: Tensor) -> Tensor:
        """(B, S), float, 16 kHz, at least 400 samples, to (B, L, D)."""
        last = functools.reduce(lambda _, state: state, self.states(waveform))  # no more than one is held
        normalised: Tensor = self.position_norm(last) if self.config.norm_first else last
        return normalised

    def states(self, waveform: Tensor) -> Iterator[Tensor]:
        """Yield what the first layer reads, and what each layer makes of it, each (B, L, D)."""
        x: Tensor = self.project(self.conv_norm(self.convs(waveform.unsqueeze(1)).transpose(1, 2)))
        x = x + self.position(x)
        if not self.config.norm_first:
            x = self.position_norm(x)
        yield x
        for layer in self.layers:
            x = layer(x)
            yield x
