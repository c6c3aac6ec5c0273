"""WavLM: an encoder of 16 kHz waveforms, here without its training parts.

Paper: Chen et al., "WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech Processing",
IEEE JSTSP 2022 (arXiv 2110.13900). Published code: github.com/microsoft/unilm/tree/master/wavlm, MIT.

    waveform (B, S)
      | 7 convolutions, 320 samples a step; base: the first is normalised over the whole waveform, large: each frame is
    frames (B, L, C) -> width (B, L, D)
      | + positional convolution
      | 12 post-norm layers (base) or 24 pre-norm layers (large), attention biased by gated relative positions
    states: the input of the first layer and the output of each layer; the last one of pre-norm layers is normalised

Shape letters: B batch, S samples, L frames, C conv channels, D width, H heads, E = D/H, M bands of relative distance.

The group norm of the base network takes its statistics over all S samples, padding included: the same sound in a longer
window has other features. Windows therefore have one length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

if TYPE_CHECKING:
    from avmeter.nets.fused.grouped_convolution import GroupedConvolution

# Fused attention kernels read a bias in place only if its rows start at multiples of this many numbers.
_BIAS_ALIGNMENT = 16


@dataclass(frozen=True, kw_only=True)
class WavLMConfig:
    """Sizes of the network; the defaults are WavLM base.

    Attributes:
        conv_channels: Channels C of all convolutions.
        conv_layers: (kernel, stride) of each convolution.
        dim: Width D.
        hidden_dim: Inner width of the feed-forward part.
        num_layers: Transformer layers.
        num_heads: Attention heads H.
        position_kernel: Kernel of the positional convolution, frames; even.
        position_groups: Its groups.
        num_distance_bands: Rows M of the relative position table; half for each direction.
        max_distance: Distance in frames from which on all are alike.
        norm_first: As in the large networks: the layers normalise what they read in place of their sums.
        norm_each_conv: As in WavLM large: every convolution is followed by a norm over its channels.
    """

    conv_channels: int = 512
    conv_layers: tuple[tuple[int, int], ...] = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
    dim: int = 768
    hidden_dim: int = 3072
    num_layers: int = 12
    num_heads: int = 12
    position_kernel: int = 128
    position_groups: int = 16
    num_distance_bands: int = 320
    max_distance: int = 800
    norm_first: bool = False
    norm_each_conv: bool = False

    def __post_init__(self) -> None:
        if self.dim % self.num_heads or self.dim % self.position_groups:
            raise ValueError(
                f"dim {self.dim} must be a multiple of {self.num_heads} heads, {self.position_groups} groups"
            )
        if self.position_kernel % 2 or self.num_distance_bands % 4:
            raise ValueError("position_kernel must be even, num_distance_bands a multiple of 4")

    def num_frames(self, num_samples: int) -> int:
        """Return the number of frames L of a waveform of this many samples."""
        for kernel, stride in self.conv_layers:
            num_samples = (num_samples - kernel) // stride + 1
        return num_samples


LARGE = WavLMConfig(dim=1024, hidden_dim=4096, num_layers=24, num_heads=16, norm_first=True, norm_each_conv=True)
"""Sizes of WavLM large; it reads waveforms of mean 0 and variance 1."""


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each frame."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) to the same shape."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class ConvLayer(nn.Module):
    """Convolution without bias, a norm where one is given, GELU."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int, *, norm: nn.Module | None) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, channels, kernel, stride, bias=False)
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, S) to (B, C, S')."""
        x = self.conv(x)
        return F.gelu(x if self.norm is None else self.norm(x))


class PositionalConv(nn.Module):
    """What each frame learns of its place: a grouped convolution over 128 neighbours.

    The kernel is stored as direction and magnitude, one magnitude for each tap.
    """

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        in_group = config.dim // config.position_groups
        self.groups = config.position_groups
        self.weight_g = nn.Parameter(torch.empty(1, 1, config.position_kernel))
        self.weight_v = nn.Parameter(torch.empty(config.dim, in_group, config.position_kernel))
        self.bias = nn.Parameter(torch.empty(config.dim))
        self.fused: GroupedConvolution | None = None

    def weight(self) -> Tensor:
        """Return the kernel (D, D / groups, taps)."""
        weight: Tensor = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True))
        return weight

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        if self.fused is not None:
            return self.fused(x)
        weight = self.weight()
        out = F.conv1d(x.transpose(1, 2), weight, self.bias, padding=weight.shape[-1] // 2, groups=self.groups)
        # An even kernel with this padding gives one frame too many.
        return F.gelu(out[..., :-1]).transpose(1, 2)


class RelativeBias(nn.Module):
    """A learned number for each head and band of relative distance, as in T5."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.max_distance = config.max_distance
        self.weight = nn.Parameter(torch.empty(config.num_distance_bands, config.num_heads))

    def band(self, distance: Tensor) -> Tensor:
        """Row of the table for key position minus query position, in frames (int64).

        Each direction has half of the rows; half of those stand for one distance each, the others
        grow logarithmically up to `max_distance`.
        """
        per_direction = len(self.weight) // 2
        exact = per_direction // 2
        far = distance.abs()
        # float64: the rounding below must not depend on the device.
        growth = (far.clamp(min=exact).double() / exact).log() / math.log(self.max_distance / exact)
        logarithmic = (exact + (growth * (per_direction - exact)).long()).clamp(max=per_direction - 1)
        return torch.where(far < exact, far, logarithmic) + per_direction * (distance > 0)

    def forward(self, num_frames: int) -> Tensor:
        """Bias (H, L, L'), query by key, for L frames; L' >= L, the rest of each row is 0."""
        position = torch.arange(num_frames, device=self.weight.device)
        bias = self.weight[self.band(position[None, :] - position[:, None])].permute(2, 0, 1)
        return F.pad(bias, (0, -num_frames % _BIAS_ALIGNMENT))


class GatedAttention(nn.Module):
    """Self-attention whose relative bias is scaled for each head and query by a gate of the layer's input."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.query = nn.Linear(config.dim, config.dim)
        self.key = nn.Linear(config.dim, config.dim)
        self.value = nn.Linear(config.dim, config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        self.gate = nn.Linear(config.dim // config.num_heads, 8)
        self.gate_scale = nn.Parameter(torch.empty(1, config.num_heads, 1, 1))

    def _heads(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, H, L, E)."""
        return torch.unflatten(x, -1, (self.num_heads, -1)).transpose(1, 2)

    def _gate(self, x: Tensor) -> Tensor:
        """Factor (B, H, L, 1) of the bias."""
        gates = torch.unflatten(self.gate(self._heads(x)), -1, (2, 4)).sum(-1, keepdim=True).sigmoid()
        update, reset = gates.unbind(-2)
        factor: Tensor = update * (reset * self.gate_scale - 1) + 2
        return factor

    def forward(self, x: Tensor, bias: Tensor, key_mask: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D); see `Layer.forward`."""
        logit_bias = torch.addcmul(key_mask, self._gate(x), bias)[..., : x.shape[1]]
        q, k, v = self._heads(self.query(x)), self._heads(self.key(x)), self._heads(self.value(x))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=logit_bias)
        out: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return out


class Layer(nn.Module):
    """Attention and feed-forward part, each normalised after its residual sum, or before it with `norm_first`."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.norm_first = config.norm_first
        self.attention = GatedAttention(config)
        self.attention_norm = nn.LayerNorm(config.dim)
        self.fc1 = nn.Linear(config.dim, config.hidden_dim)
        self.fc2 = nn.Linear(config.hidden_dim, config.dim)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor, bias: Tensor, key_mask: Tensor) -> Tensor:
        """One layer.

        Args:
            x: (B, L, D).
            bias: (H, L, L'), before the gate.
            key_mask: (B, 1, 1, L'), 0 for real frames and -inf for padded ones.

        Returns:
            (B, L, D).
        """
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), bias, key_mask)
            out: Tensor = x + self.fc2(F.gelu(self.fc1(self.norm(x))))
            return out
        x = self.attention_norm(x + self.attention(x, bias, key_mask))
        out = self.norm(x + self.fc2(F.gelu(self.fc1(x))))
        return out


class WavLM(nn.Module):
    """Waveforms of one length to the states of all layers."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.config = config
        self.convs = convolutions(config)
        self.conv_norm = nn.LayerNorm(config.conv_channels)
        self.project = nn.Linear(config.conv_channels, config.dim)
        self.position = PositionalConv(config)
        self.position_norm = nn.LayerNorm(config.dim)
        self.relative_bias = RelativeBias(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))

    def fuse(self, dtype: torch.dtype) -> None:
        """Convolve positions by a fused kernel from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.grouped_convolution import GroupedConvolution
        from avmeter.nets.fused.products import require_range

        require_range(self.conv_norm, self.project.weight, self.project.bias, dtype)
        self.position.fused = GroupedConvolution(self.position.weight(), self.position.bias, dtype=dtype)

    def real_frames(self, mask: Tensor) -> Tensor:
        """Return which frames are real (B, L): those with any real sample in their share of the window.

        Args:
            mask: Real samples (B, S), bool. The samples are dealt to the L frames in equal shares, the
                remainder at the end to none.
        """
        num_frames = self.config.num_frames(mask.shape[1])
        share = mask.shape[1] // num_frames
        return torch.unflatten(mask[:, : num_frames * share], 1, (num_frames, share)).any(-1)

    def states(self, waveform: Tensor, mask: Tensor) -> Iterator[Tensor]:
        """Return the input of the first layer, then the output of each: `num_layers` + 1 tensors (B, L, D).

        Args:
            waveform: (B, S), float, 16 kHz.
            mask: (B, S), bool, False where `waveform` is padding. Each row needs a real frame.
        """
        real = self.real_frames(mask)
        x = self.project(self.conv_norm(self.convs(waveform.unsqueeze(1)).transpose(1, 2)))
        x = x.masked_fill(~real.unsqueeze(-1), 0.0)
        x = x + self.position(x)
        if not self.config.norm_first:
            x = self.position_norm(x)
        yield x
        bias = self.relative_bias(x.shape[1])
        key_mask = x.new_zeros(len(x), 1, 1, bias.shape[-1])
        key_mask[..., : x.shape[1]].masked_fill_(~real[:, None, None], -math.inf)
        for i, layer in enumerate(self.layers):
            x = layer(x, bias, key_mask)
            is_last = i == len(self.layers) - 1
            yield self.position_norm(x) if is_last and self.config.norm_first else x

    def forward(self, waveform: Tensor, mask: Tensor) -> Tensor:
        """Mean over the real frames of every state: (B, S) and (B, S) to (B, `num_layers` + 1, D)."""
        weights = self.real_frames(mask).to(waveform.dtype)
        weights = weights / weights.sum(-1, keepdim=True)
        return torch.stack([torch.einsum("bl,bld->bd", weights, x) for x in self.states(waveform, mask)], dim=1)


def convolutions(config: WavLMConfig) -> nn.Sequential:
    """Return what makes frames (B, C, L) of a waveform (B, 1, S)."""
    channels = (1, *[config.conv_channels] * len(config.conv_layers))
    return nn.Sequential(
        *(
            ConvLayer(channels[i], channels[i + 1], kernel, stride, norm=_conv_norm(config, i))
            for i, (kernel, stride) in enumerate(config.conv_layers)
        )
    )


def _conv_norm(config: WavLMConfig, index: int) -> nn.Module | None:
    """The norm behind a convolution: of each frame, or of each channel over time behind the first one only."""
    if config.norm_each_conv:
        return ChannelNorm(config.conv_channels)
    return nn.GroupNorm(config.conv_channels, config.conv_channels) if index == 0 else None


KEY_MAP = KeyMap(
    rules=(
        (r"\bconvs\.(\d+)\.conv\.", r"feature_extractor.conv_layers.\1.0."),
        (r"\bconvs\.(\d+)\.norm\.", r"feature_extractor.conv_layers.\1.2."),
        (r"\bconv_norm\.", "layer_norm."),
        (r"\bproject\.", "post_extract_proj."),
        (r"\bposition\.", "encoder.pos_conv.0."),
        (r"\bposition_norm\.", "encoder.layer_norm."),
        (r"\blayers\.", "encoder.layers."),
        (r"\brelative_bias\.", "encoder.layers.0.self_attn.relative_attention_bias."),
        (r"\.attention\.query\.", ".self_attn.q_proj."),
        (r"\.attention\.key\.", ".self_attn.k_proj."),
        (r"\.attention\.value\.", ".self_attn.v_proj."),
        (r"\.attention\.out\.", ".self_attn.out_proj."),
        (r"\.attention\.gate\.", ".self_attn.grep_linear."),
        (r"\.attention\.gate_scale$", ".self_attn.grep_a"),
        (r"\.attention_norm\.", ".self_attn_layer_norm."),
        (r"(encoder\.layers\.\d+)\.norm\.", r"\1.final_layer_norm."),
    ),
    # The embedding that stands for masked frames in training.
    unused=("mask_emb",),
)
"""Names in the official checkpoints (`WavLM-Base.pt`, entry `model`)."""

LARGE_KEY_MAP = KeyMap(
    rules=(*KEY_MAP.rules, (r"(feature_extractor\.conv_layers\.\d+\.2)\.", r"\1.1.")), unused=KEY_MAP.unused
)
"""Names in `WavLM-Large.pt`, where the norms of the convolutions lie one level deeper."""


def build(config: WavLMConfig | None = None, *, device: torch.device | str = "cpu") -> WavLM:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: WavLM(config or WavLMConfig()), device=device)
