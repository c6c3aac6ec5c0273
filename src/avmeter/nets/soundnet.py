"""SoundNet-8: objects and scenes that go with a sound, learnt from video without labels, and a 1024-d embedding.

Paper: Aytar et al., "SoundNet: Learning Sound Representations from Unlabeled Video" (NeurIPS 2016). Published code and
weights: github.com/cvondrick/soundnet, MIT, for Torch7; converted by eborboihuc/SoundNet-tensorflow (`sound8.npy`);
14.4 million parameters.

    waveform (B, N) at 22.05 kHz, -256 to 256
      | seven convolutions over time, each of stride 2, with batch norm (epsilon 1e-5) and ReLU;
      | a maximum over 8 steps after the first two, over 4 after the fifth
    embedding (B, 1024, T), a step every 1.49 s
      | convolutions over 8 steps of stride 2, one for each head
    logits of objects (B, 1000, U) and of scenes (B, 401, U)

Objects are the classes of ImageNet, scenes those of Places: their probabilities in the frames were the targets.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.shifted_norm import ScaledNorm

SAMPLE_RATE = 22_050
EMBEDDING_DIM, NUM_OBJECTS, NUM_SCENES = 1024, 1000, 401
_NORM_EPS = 1e-5


class Stage(NamedTuple):
    """A convolution over time and what follows it.

    Attributes:
        channels: Of its output.
        kernel: Its length; half of it is padded at either end. The stride is 2.
        pool: Steps under a maximum behind the ReLU, 1 for none.
    """

    channels: int
    kernel: int
    pool: int = 1


_STAGES = (
    Stage(16, 64, 8), Stage(32, 32, 8), Stage(64, 16), Stage(128, 8),
    Stage(256, 4, 4), Stage(512, 4), Stage(EMBEDDING_DIM, 4),
)  # fmt: skip
_HEAD_KERNEL = 8


class Layer(nn.Module):
    """A convolution of stride 2 over time with batch norm and ReLU."""

    def __init__(self, before: int, stage: Stage) -> None:
        super().__init__()
        # Heights are steps of time: the published kernels have a width of 1.
        self.conv = nn.Conv2d(before, stage.channels, (stage.kernel, 1), stride=(2, 1), padding=(stage.kernel // 2, 0))
        self.norm = ScaledNorm(stage.channels, eps=_NORM_EPS)
        self.pool = stage.pool

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, T, 1) to (B, channels, about T / 2 / pool, 1)."""
        x = functional.relu(self.norm(self.conv(x)))
        return functional.max_pool2d(x, (self.pool, 1)) if self.pool > 1 else x


class Soundnet(nn.Module):
    """Embeddings and class logits over time."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, *(stage.channels for stage in _STAGES))
        self.layers = nn.ModuleList(Layer(before, stage) for before, stage in zip(sizes, _STAGES, strict=False))
        self.objects = nn.Conv2d(EMBEDDING_DIM, NUM_OBJECTS, (_HEAD_KERNEL, 1), stride=(2, 1))
        self.scenes = nn.Conv2d(EMBEDDING_DIM, NUM_SCENES, (_HEAD_KERNEL, 1), stride=(2, 1))

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embedding, objects and scenes over time.

        Args:
            waveform: (B, N), -256 to 256; 8 steps of the embedding need about 11 s.

        Returns:
            (B, 1024, T), (B, 1000, U) and (B, 401, U).
        """
        x = waveform[:, None, :, None]
        for layer in self.layers:
            x = layer(x)
        return x[..., 0], self.objects(x)[..., 0], self.scenes(x)[..., 0]


KEY_MAP = KeyMap(
    rules=(
        (r"^layers\.0\.", "conv1."), (r"^layers\.1\.", "conv2."), (r"^layers\.2\.", "conv3."),
        (r"^layers\.3\.", "conv4."), (r"^layers\.4\.", "conv5."), (r"^layers\.5\.", "conv6."),
        (r"^layers\.6\.", "conv7."), (r"^objects\.", "conv8.conv."), (r"^scenes\.", "conv8_2.conv."),
        (r"\.conv\.weight$", ".weights"), (r"\.conv\.bias$", ".biases"),
        (r"\.norm\.weight$", ".gamma"), (r"\.norm\.", "."),
    )
)  # fmt: skip
"""Of the names that `read_array_pickle` gives: `beta`, `mean` and `var` are PyTorch's there."""


def build(*, device: torch.device | str = "cpu") -> Soundnet:
    """Build the network as `empty_network` does."""
    return empty_network(Soundnet, device=device)
