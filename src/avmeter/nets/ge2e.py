"""GE2E speaker encoder: a 256-d embedding of who speaks in 1.6 s of speech.

Paper: Wan et al., "Generalized End-to-End Loss for Speaker Verification", ICASSP 2018 (arXiv 1710.10467). Published
code and weights: github.com/resemble-ai/Resemblyzer 0.1.4, Apache-2.0, `pretrained.pt`, 1.4 million parameters.

    mel power (B, 160, 40), frames of 25 ms every 10 ms, no logarithm
      | 3 layers of LSTM, 256 wide; the last state of the last one
      | linear, ReLU, unit length
    embedding (B, 256), all numbers >= 0

The checkpoint holds two more numbers, scale and shift of the training loss, that no embedding depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

SAMPLE_RATE = 16_000
PARTIAL_FRAMES = 160
"""Frames of one partial utterance: 1.6 s."""


@dataclass(frozen=True, kw_only=True)
class Ge2eConfig:
    """Sizes of the network; the defaults are those of the published checkpoint."""

    num_mels: int = 40
    hidden: int = 256
    num_layers: int = 3
    embedding_dim: int = 256


class Ge2e(nn.Module):
    """Embedding of partial utterances."""

    def __init__(self, config: Ge2eConfig) -> None:
        super().__init__()
        self.config = config
        self.lstm = nn.LSTM(config.num_mels, config.hidden, config.num_layers, batch_first=True)
        self.linear = nn.Linear(config.hidden, config.embedding_dim)

    def forward(self, mels: Tensor) -> Tensor:
        """Embeddings (B, D) of unit length from mel power (B, T, F).

        A sound that excites no unit has no direction: its embedding is not finite, as in the published network.
        """
        _, (hidden, _) = self.lstm(mels)
        raw = torch.relu(self.linear(hidden[-1]))
        unit: Tensor = raw / raw.norm(dim=1, keepdim=True)
        return unit


KEY_MAP = KeyMap(unused=(r"similarity_weight", r"similarity_bias"))


def build(config: Ge2eConfig | None = None, *, device: torch.device | str = "cpu") -> Ge2e:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Ge2e(config or Ge2eConfig()), device=device)
