"""The encoder of DAC-VAE: a waveform to vectors, 25 a second at 48 kHz.

Paper: Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN" (2023); PE-AV takes the mean of its VAE's
latent instead of quantising it. Published code: transformers (`PeAudioDacEncoder`), Apache-2.0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from avmeter.nets.pe_av.config import CodecConfig


class Snake(nn.Module):
    """x + sin(a x)^2 / a, with one `a` per channel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, dim, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        return x + (self.alpha + 1e-9).reciprocal() * torch.sin(self.alpha * x).pow(2)


class ResidualUnit(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, dim: int, dilation: int) -> None:
        super().__init__()
        self.snake1 = Snake(dim)
        self.conv1 = nn.Conv1d(dim, dim, kernel_size=7, dilation=dilation, padding=3 * dilation)
        self.snake2 = Snake(dim)
        self.conv2 = nn.Conv1d(dim, dim, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        found: Tensor = x + self.conv2(self.snake2(self.conv1(self.snake1(x))))
        return found


class Block(nn.Module):
    """Three residual units, then twice the channels at a `stride`-th of the rate."""

    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        self.res_unit1 = ResidualUnit(dim, 1)
        self.res_unit2 = ResidualUnit(dim, 3)
        self.res_unit3 = ResidualUnit(dim, 9)
        self.snake1 = Snake(dim)
        self.conv1 = nn.Conv1d(dim, 2 * dim, kernel_size=2 * stride, stride=stride, padding=math.ceil(stride / 2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, 2 C, T / stride)."""
        found: Tensor = self.conv1(self.snake1(self.res_unit3(self.res_unit2(self.res_unit1(x)))))
        return found


class Codec(nn.Module):
    """Waveforms (B, 1, N), N a multiple of the hop, -> vectors (B, N / hop, L); in float32 in every precision."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, config.dim, kernel_size=7, padding=3)
        self.block = nn.ModuleList(Block(config.dim << i, stride) for i, stride in enumerate(config.strides))
        self.snake1 = Snake(config.output_dim)
        self.conv2 = nn.Conv1d(config.output_dim, config.output_dim, kernel_size=3, padding=1)
        self.bottleneck = nn.Conv1d(config.output_dim, config.latent_dim, kernel_size=1)

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        # TF32 costs three digits here: sines of large numbers follow each other.
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with torch.autocast(waveform.device.type, enabled=False), exact:
            x = self.conv1(waveform)
            for block in self.block:
                x = block(x)
            found: Tensor = self.bottleneck(self.conv2(self.snake1(x))).transpose(1, 2)
        return found
