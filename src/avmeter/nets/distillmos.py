"""Distill-MOS: the mean opinion score that listeners would give a recording of speech.

Paper: Stahl and Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality
Assessment", ICASSP 2025 (arXiv 2502.05356). Published code and weights: github.com/microsoft/Distill-MOS 0.9.1, MIT,
`distill_mos_v7.pt`, 4.2 million parameters; transformer and pooling from github.com/lcn-kul/xls-r-analysis-sqa, MIT.

    window (B, 122880), 16 kHz, 7.68 s
      | `spectrum`: scaled to peak 1; Hann frames of 20 ms every 10 ms; magnitude to the power 0.3, phase unchanged
    (B, 2, F, 2 L), real and imaginary part
      | 6 convolutions of 3 x 3, leaky; all but the first halve the bands, the last halves the frames
    (B, C, F', L)
      | flattened to channel times band, two batch norms, linear, + positions
    (B, L, D)
      | 7 post-norm transformer layers, batch norm
      | weighted mean over frames, linear, sigmoid
    quality (B,), 0 to 1
      | `clip_score`: mean over the clip's windows, on the scale of 1 to 5
    MOS

Shape letters: B batch, S samples, F bands of the spectrum, F' bands left by the convolutions, C channels, L frames of
20 ms, D width, H heads, E = D/H, W windows of one clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

SAMPLE_RATE = 16_000
"""Sample rate of the input, Hz."""

WINDOW_LENGTH = 122_880
"""Samples S of a window, 7.68 s."""

MAX_HOP_LENGTH = 16_000
"""Windows of a longer clip start at most so many samples after one another, evenly spread, the last at its end."""

_FRAME_LENGTH, _FRAME_HOP = 320, 160
_COMPRESSION = 0.3
_LEAK = 0.1


@dataclass(frozen=True, kw_only=True)
class DistillMosConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        channels: Channels of each convolution.
        num_frames: Frames L of a window behind the convolutions.
        dim: Width D of the transformer.
        num_layers: Its layers.
        num_heads: Its attention heads H.
    """

    channels: tuple[int, ...] = (64, 64, 128, 256, 256, 256)
    num_frames: int = 384
    dim: int = 200
    num_layers: int = 7
    num_heads: int = 8

    def __post_init__(self) -> None:
        if self.dim % self.num_heads:
            raise ValueError(f"dim {self.dim} must be a multiple of {self.num_heads} heads")

    @property
    def window_length(self) -> int:
        """Samples S that make `num_frames` frames: 2 frames of the spectrum each."""
        return 2 * self.num_frames * _FRAME_HOP

    @property
    def num_features(self) -> int:
        """Channels times bands that the convolutions leave of one frame."""
        bands = _FRAME_LENGTH // 2 + 1
        for i in range(len(self.channels)):
            bands = (bands - 3) // _band_stride(i) + 1
        return self.channels[-1] * bands


def _band_stride(layer: int) -> int:
    return 1 if layer == 0 else 2


def spectrum(waveform: Tensor) -> Tensor:
    """Return the compressed complex spectrum of windows.

        x / |x| * |x|^0.3 of the short-time Fourier transform x of the waveform scaled to peak 1

    Args:
        waveform: (B, S), float, 16 kHz. Its level does not count; zeros stay zeros.

    Returns:
        (B, 2, 161, S / 160): real and imaginary part, bands, frames.
    """
    scaled = waveform / (waveform.abs().amax(dim=1, keepdim=True) + 1e-8)
    margin = (_FRAME_LENGTH - _FRAME_HOP) // 2
    window = torch.hann_window(_FRAME_LENGTH, device=waveform.device, dtype=waveform.dtype)
    bins = torch.stft(
        F.pad(scaled, (margin, margin), mode="reflect"),
        n_fft=_FRAME_LENGTH,
        hop_length=_FRAME_HOP,
        window=window,
        center=False,
        return_complex=True,
    )
    parts = torch.view_as_real(bins)
    magnitude = parts.square().sum(dim=-1, keepdim=True).sqrt().clamp(min=1e-12)
    compressed = magnitude**_COMPRESSION * parts / magnitude
    return compressed.permute(0, 3, 1, 2)


class Positions(nn.Module):
    """A fixed vector added to each frame; the checkpoint holds the table."""

    table: Tensor

    def __init__(self, config: DistillMosConfig) -> None:
        super().__init__()
        self.register_buffer("table", torch.empty(1, config.num_frames, config.dim))

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to the same shape."""
        return x + self.table


class TransformerLayer(nn.Module):
    """Self-attention and a feed-forward part of twice the width, each followed by its norm."""

    def __init__(self, config: DistillMosConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        self.attention_norm = nn.LayerNorm(config.dim)
        self.expand = nn.Linear(config.dim, 2 * config.dim)
        self.contract = nn.Linear(2 * config.dim, config.dim)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to the same shape."""
        qkv = self.qkv(x).unflatten(-1, (3, self.num_heads, -1))  # (B, L, 3, H, E)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value)  # (B, H, L, E)
        x = self.attention_norm(x + self.out(attended.transpose(1, 2).flatten(2)))
        normalised: Tensor = self.norm(x + self.contract(F.relu(self.expand(x))))
        return normalised


class WeightedMean(nn.Module):
    """Mean over frames whose weights a small network reads off the frames themselves, and a linear layer."""

    def __init__(self, config: DistillMosConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.dim, 2 * config.dim)
        self.weight = nn.Linear(2 * config.dim, 1)
        self.out = nn.Linear(config.dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to logits (B,)."""
        weights = self.weight(F.relu(self.expand(x))).softmax(dim=1)  # (B, L, 1)
        logits: Tensor = self.out((weights * x).sum(dim=1))
        return logits.squeeze(-1)


class DistillMos(nn.Module):
    """Windows of speech to their quality, 0 to 1; `clip_score` makes a MOS of it."""

    def __init__(self, config: DistillMosConfig) -> None:
        super().__init__()
        self.config = config
        self.convs = _convolutions(config)
        self.input_norm = nn.BatchNorm1d(config.num_features)
        self.projection_norm = nn.BatchNorm1d(config.num_features)
        self.project = nn.Linear(config.num_features, config.dim)
        self.positions = Positions(config)
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.num_layers))
        self.output_norm = nn.BatchNorm1d(config.dim)
        self.pool = WeightedMean(config)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the quality of windows.

        Args:
            waveform: (B, S), float, 16 kHz, S = 122880, padded with zeros at the end. Its level does not count.

        Returns:
            (B,), 0 to 1.

        Raises:
            UsageError: Another number of samples.
        """
        length = self.config.window_length
        if waveform.dim() != 2 or waveform.shape[1] != length:
            raise UsageError(f"Distill-MOS reads windows (B, {length}), got {tuple(waveform.shape)}")
        frames = self.convs(spectrum(waveform)).flatten(1, 2)  # (B, C F', L)
        x = self.project(self.projection_norm(self.input_norm(frames)).transpose(1, 2))
        x = self.positions(x)
        for layer in self.layers:
            x = layer(x)
        x = self.output_norm(x.transpose(1, 2)).transpose(1, 2)
        quality: Tensor = self.pool(x).sigmoid()
        return quality


def _convolutions(config: DistillMosConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 2
    for i, after in enumerate(config.channels):
        frame_stride = 2 if i == len(config.channels) - 1 else 1
        layers += [
            nn.Conv2d(before, after, 3, stride=(_band_stride(i), frame_stride), padding=(0, 1)),
            nn.LeakyReLU(_LEAK),
        ]
        before = after
    return nn.Sequential(*layers)


def window_starts(num_samples: int) -> list[int]:
    """Return the first sample of each window of a clip; a clip that fits into one window has one.

    As published: evenly spread from the clip's beginning to its end, at most `MAX_HOP_LENGTH` apart.
    """
    excess = max(num_samples - WINDOW_LENGTH, 0)
    num_windows = -(-excess // MAX_HOP_LENGTH) + 1
    return [int(share * excess) for share in np.linspace(0, 1, num_windows)]


def clip_score(quality: ArrayLike) -> float:
    """Return the MOS of a clip, 1 bad to 5 excellent: 1 + 4 times the mean quality of its windows.

    Args:
        quality: (W,), output of the network for all windows of one clip.

    Raises:
        ValueError: No window.
    """
    values = np.asarray(quality, dtype=np.float64)
    if not values.size:
        raise ValueError("a clip without windows has no score")
    return float(1 + 4 * values.mean())


_HEAD = "transformer_pool_attn"
_ENCODER = rf"{_HEAD}.transformer"

KEY_MAP = KeyMap(
    rules=(
        (r"^convs\.", "cnn.cnn."),
        (r"^input_norm\.", rf"{_HEAD}.norm_input."),
        (r"^projection_norm\.", rf"{_ENCODER}.norm."),
        (r"^project\.", rf"{_ENCODER}.linear_proj."),
        (r"^positions\.table$", rf"{_ENCODER}.position_encoding.pe"),
        (r"^layers\.(\d+)\.", rf"{_ENCODER}.transformer_encoder.layers.\1."),
        (r"\.qkv\.(weight|bias)$", r".self_attn.in_proj_\1"),
        (r"(layers\.\d+)\.out\.", r"\1.self_attn.out_proj."),
        (r"(layers\.\d+)\.attention_norm\.", r"\1.norm1."),
        (r"(layers\.\d+)\.expand\.", r"\1.linear1."),
        (r"(layers\.\d+)\.contract\.", r"\1.linear2."),
        (r"(layers\.\d+)\.norm\.", r"\1.norm2."),
        (r"^output_norm\.", rf"{_HEAD}.norm_trans."),
        (r"^pool\.expand\.", rf"{_HEAD}.pool.linear1."),
        (r"^pool\.weight\.", rf"{_HEAD}.pool.linear2."),
        (r"^pool\.out\.", rf"{_HEAD}.pool.linear3."),
    ),
)
"""Names in `distill_mos_v7.pt` (120 tensors, under `model`); every one has a place."""


def build(config: DistillMosConfig | None = None, *, device: torch.device | str = "cpu") -> DistillMos:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: DistillMos(config or DistillMosConfig()), device=device)
