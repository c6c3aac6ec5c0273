"""Audiobox Aesthetics: four judgements of sound, each on a scale of 1 to 10.

Paper: Tjandra et al., "Meta Audiobox Aesthetics: Unified Automatic Quality Assessment for Speech,
Music, and Sound", 2025 (arXiv 2502.05139). Published code: github.com/facebookresearch/audiobox-aesthetics,
MIT for the WavLM part, CC-BY-4.0 otherwise. Weights: facebook/audiobox-aesthetics, CC-BY-4.0.

    window (B, 160000), 16 kHz, 10 s
      | WavLM base (see `avmeter.nets.wavlm`): 13 states, each averaged over the real frames
    (B, 13, D)
      | for each axis: own weighted sum of the 13, unit length, own MLP
    raw (B, 4)
      | `clip_scores`: undo the normalisation of the targets, average over the clip's windows
    CE, CU, PC, PQ

Shape letters: B batch, S samples, D width, A axes, W windows of one clip.

Differs from the published code: frames are averaged before the states are mixed. Both are linear, so
the order does not matter, and the states of a batch need not be held at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from avmeter.nets import wavlm
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wavlm import WavLM, WavLMConfig

SAMPLE_RATE = 16_000
"""Sample rate of the input, Hz."""

WINDOW_LENGTH = 10 * SAMPLE_RATE
"""Samples S of a window. Windows follow each other without overlap; the last is padded with zeros."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One judgement, and the mean and deviation of its training targets.

    Attributes:
        title: What is judged.
        mean: Mean of the targets, on the scale of 1 to 10.
        std: Their standard deviation.
    """

    title: str
    mean: float
    std: float


AXES: Mapping[str, Axis] = MappingProxyType(
    {
        "CE": Axis(title="content enjoyment", mean=5.06865, std=1.93029),
        "CU": Axis(title="content usefulness", mean=5.73633, std=1.75669),
        "PC": Axis(title="production complexity", mean=3.18591, std=1.86637),
        "PQ": Axis(title="production quality", mean=6.57505, std=1.51466),
    }
)
"""The axes in the order of the network's output; numbers from `target_transform` of the released config.json."""


@dataclass(frozen=True, kw_only=True)
class AudioboxConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        encoder: Sizes of the WavLM below the heads.
        num_head_layers: Linear layers of each head, the last to one number included.
    """

    encoder: WavLMConfig = field(default_factory=WavLMConfig)
    num_head_layers: int = 5


class Head(nn.Module):
    """One axis: which states it reads, and an MLP on their sum."""

    def __init__(self, config: AudioboxConfig) -> None:
        super().__init__()
        dim = config.encoder.dim
        self.state_weights = nn.Parameter(torch.empty(config.encoder.num_layers + 1))
        hidden = [
            nn.Sequential(nn.Linear(dim, dim), nn.LayerNorm(dim), nn.GELU()) for _ in range(config.num_head_layers - 1)
        ]
        self.mlp = nn.Sequential(*(layer for block in hidden for layer in block), nn.Linear(dim, 1))

    def forward(self, states: Tensor) -> Tensor:
        """(B, states, D) to (B, 1)."""
        embedding = torch.einsum("n,bnd->bd", self.state_weights.softmax(0), states)
        raw: Tensor = self.mlp(F.normalize(embedding, dim=-1))
        return raw


class Audiobox(nn.Module):
    """Windows to the four raw judgements; `clip_scores` makes scores of them."""

    def __init__(self, config: AudioboxConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = WavLM(config.encoder)
        self.heads = nn.ModuleDict({axis: Head(config) for axis in AXES})

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode with fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        self.encoder.fuse(dtype)

    def forward(self, waveform: Tensor, mask: Tensor) -> Tensor:
        """Raw judgements, before the target transform.

        Args:
            waveform: (B, S), float, 16 kHz, S = 160000, padded with zeros at the end. Its level counts:
                nothing is normalised before.
            mask: (B, S), bool, True for real samples. Each row needs at least one.

        Returns:
            (B, 4) in the order of `AXES`.
        """
        states = self.encoder(waveform, mask)
        return torch.cat([self.heads[axis](states) for axis in AXES], dim=-1)


def clip_scores(raw: ArrayLike, num_real_samples: ArrayLike) -> NDArray[np.float64]:
    """Compute the scores of a clip: the mean of its windows' judgements, weighted by how much of each is real.

        sum_w n_w (std * raw_w + mean) / sum_w n_w

    Args:
        raw: (W, 4), output of the network for all windows of one clip.
        num_real_samples: (W,), samples of each window that are not padding; a ragged last window counts
            little (10.05 s: the second window has weight 0.005).

    Returns:
        (4,) in the order of `AXES`, about 1 to 10; nothing clips them.

    Raises:
        ValueError: No window, or a window without a real sample.
    """
    values = np.asarray(raw, dtype=np.float64)
    weights = np.asarray(num_real_samples, dtype=np.float64)
    if values.shape != (len(weights), len(AXES)) or not len(weights) or not (weights > 0).all():
        raise ValueError(f"need (W, {len(AXES)}) judgements and W >= 1 positive lengths, got {values.shape}, {weights}")
    mean = np.array([axis.mean for axis in AXES.values()])
    std = np.array([axis.std for axis in AXES.values()])
    scores: NDArray[np.float64] = weights @ (std * values + mean) / weights.sum()
    return scores


KEY_MAP = KeyMap(
    rules=(
        (r"^heads\.(\w+)\.state_weights$", r"layer_weights.\1"),
        (r"^heads\.(\w+)\.mlp\.", r"proj_layer.\1."),
        *wavlm.KEY_MAP.rules,
        (r"^encoder\.", "wavlm_model."),
    ),
    unused=tuple(rf"wavlm_model\.{name}" for name in wavlm.KEY_MAP.unused),
)
"""Names in `model.safetensors` (324 tensors); `checkpoint.pt` has them in `state_dict` behind `model.`."""


def build(config: AudioboxConfig | None = None, *, device: torch.device | str = "cpu") -> Audiobox:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Audiobox(config or AudioboxConfig()), device=device)
