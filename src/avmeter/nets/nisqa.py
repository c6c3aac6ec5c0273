"""NISQA v2: the opinion of listeners on speech, and on four things that spoil it.

Paper: Mittag et al., "NISQA: A Deep CNN-Self-Attention Model for Multidimensional Speech Quality Prediction with
Crowdsourced Datasets", Interspeech 2021 (arXiv 2104.09494). Published code: github.com/gabrielmittag/NISQA, MIT.
Weights: `nisqa.tar`, 252 thousand parameters, CC-BY-NC-SA-4.0: not for commercial use.

    mel spectrogram in dB (B, F, T), see `avmeter.dsp.nisqa`
      | `segments`: 15 frames around every 4th frame
    (B, N, F, 15)
      | 6 convolutions of 3 x 3 with batch norm and ReLU; maxima over a grid of 24 x 7, 12 x 5 and 6 x 3
      | linear, norm
    (B, N, D)
      | 2 post-norm transformer layers
      | 5 times: mean over segments, weighted by attention; linear
    (B, 5): MOS, noisiness, discontinuity, coloration, loudness, each about 1 to 5

Shape letters: B batch, F bands, T frames of 10 ms, N segments, C channels, D width.

The published program pads a batch to 1300 segments and leaves the padding out everywhere; here there is none, and a
batch has one length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

OUTPUTS = ("mos", "noisiness", "discontinuity", "coloration", "loudness")
"""What is predicted, in order. Of all five more is better: 5 is no noise, no gap, no coloration, the right loudness."""

SEGMENT_FRAMES = 15
SEGMENT_HOP = 4
MAX_SEGMENTS = 1300
"""Of a clip; the published program refuses longer ones. 52 s."""

# Maxima are taken over a grid of these many bands and frames, behind the 1st, 2nd and 4th convolution.
_GRIDS = {0: (24, 7), 1: (12, 5), 3: (6, 3)}


@dataclass(frozen=True, kw_only=True)
class NisqaConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        channels: Channels C of each convolution.
        dim: Width D.
        num_layers: Transformer layers.
        pool_hidden: Inner width of the attention that pools.
    """

    channels: tuple[int, ...] = (16, 32, 64, 64, 64, 64)
    dim: int = 64
    num_layers: int = 2
    pool_hidden: int = 128


def segments(mel: Tensor) -> Tensor:
    """Cut a spectrogram (B, F, T), T >= 15, in overlapping segments (B, N, F, 15), N = 1 + (T - 15) // 4."""
    return mel.unfold(2, SEGMENT_FRAMES, SEGMENT_HOP).transpose(1, 2)


class Segments(nn.Module):
    """Convolutions over one segment at a time."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        before = (1, *config.channels)
        last = len(config.channels) - 1
        # The last kernel is as wide as what is left of the frames.
        self.convs = nn.ModuleList(
            nn.Conv2d(before[i], after, 3, padding=(1, 0 if i == last else 1))
            for i, after in enumerate(config.channels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(after) for after in config.channels)

    def forward(self, x: Tensor) -> Tensor:
        """(M, F, 15) to (M, 6 C), channel by channel."""
        x = x.unsqueeze(1)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.relu(norm(conv(x)))
            if i in _GRIDS:
                x = F.adaptive_max_pool2d(x, _GRIDS[i])
        return x.flatten(1)


class Layer(nn.Module):
    """Self-attention of one head and a feed-forward part of the same width, each followed by its norm."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, dim)
        self.contract = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, D) to the same shape."""
        query, key, value = (part.unsqueeze(1) for part in self.qkv(x).chunk(3, dim=-1))
        attended = F.scaled_dot_product_attention(query, key, value).squeeze(1)
        x = self.attention_norm(x + self.out(attended))
        normalised: Tensor = self.norm(x + self.contract(F.relu(self.expand(x))))
        return normalised


class Opinion(nn.Module):
    """Mean over segments whose weights a small network reads off the segments, and a linear layer."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.dim, config.pool_hidden)
        self.weight = nn.Linear(config.pool_hidden, 1)
        self.out = nn.Linear(config.dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, D) to (B, 1)."""
        weights = self.weight(F.relu(self.expand(x))).softmax(dim=1)
        opinion: Tensor = self.out((weights * x).sum(dim=1))
        return opinion


class Nisqa(nn.Module):
    """Mel spectrograms of one length to five opinions."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.config = config
        self.segments = Segments(config)
        self.project = nn.Linear(config.channels[-1] * _GRIDS[3][0], config.dim)
        self.norm = nn.LayerNorm(config.dim)
        self.layers = nn.ModuleList(Layer(config.dim) for _ in range(config.num_layers))
        self.opinions = nn.ModuleList(Opinion(config) for _ in OUTPUTS)

    def forward(self, mel: Tensor) -> Tensor:
        """Opinions (B, 5) of spectrograms (B, 48, T) in dB, T >= 15; in the order of `OUTPUTS`."""
        cut = segments(mel)
        x = self.segments(cut.flatten(0, 1)).unflatten(0, cut.shape[:2])
        x = self.norm(self.project(x))
        for layer in self.layers:
            x = layer(x)
        return torch.cat([opinion(x) for opinion in self.opinions], dim=1)


KEY_MAP = KeyMap(
    rules=(
        *((rf"^segments\.convs\.{i}\.", f"cnn.model.conv{i + 1}.") for i in range(6)),
        *((rf"^segments\.norms\.{i}\.", f"cnn.model.bn{i + 1}.") for i in range(6)),
        (r"^project\.", "time_dependency.model.linear."),
        (r"^norm\.", "time_dependency.model.norm1."),
        (r"^layers\.", "time_dependency.model.layers."),
        (r"(layers\.\d+)\.qkv\.(weight|bias)$", r"\1.self_attn.in_proj_\2"),
        (r"(layers\.\d+)\.out\.", r"\1.self_attn.out_proj."),
        (r"(layers\.\d+)\.attention_norm\.", r"\1.norm1."),
        (r"(layers\.\d+)\.norm\.", r"\1.norm2."),
        (r"(layers\.\d+)\.expand\.", r"\1.linear1."),
        (r"(layers\.\d+)\.contract\.", r"\1.linear2."),
        (r"^opinions\.(\d+)\.expand\.", r"pool_layers.\1.model.linear1."),
        (r"^opinions\.(\d+)\.weight\.", r"pool_layers.\1.model.linear2."),
        (r"^opinions\.(\d+)\.out\.", r"pool_layers.\1.model.linear3."),
    ),
)
"""Names in `nisqa.tar` (100 tensors, under `model_state_dict`); every one has a place."""


def build(config: NisqaConfig | None = None, *, device: torch.device | str = "cpu") -> Nisqa:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Nisqa(config or NisqaConfig()), device=device)
