"""OpenL3: a 512-d embedding of every second of sound, from a network that tells which sound and picture go together.

Paper: Cramer, Wu, Salamon and Bello, "Look, Listen, and Learn More: Design Choices for Deep Audio Embeddings" (ICASSP
2019). Published code: github.com/marl/openl3 0.4.2, MIT; weights CC BY 4.0, one file for videos of music and one for
those of the environment; 4.7 million parameters.

    mel spectrogram (B, 256, 199), bands before frames, 0 to -80
      | batch norm
      | three blocks of two convolutions of 3 x 3, each with batch norm and ReLU, and a maximum over 2 x 2
      | a block without the last norm, ReLU and maximum
    (B, 512, 32, 24)
      | maximum over bands and frames
    embedding (B, 512)

The published embedding of 6144 values is the same with maxima over 8 x 8. An odd last frame of a maximum is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.shifted_norm import ScaledNorm

NUM_MELS, NUM_FRAMES = 256, 199
EMBEDDING_DIM = 512
_CHANNELS = (64, 128, 256, EMBEDDING_DIM)
_NORM_EPS = 1e-3


class Block(nn.Module):
    """Two convolutions of 3 x 3, each behind a norm of what comes in and, but for the network's first, a ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(size, after, kernel_size=3, padding=1) for size in (before, after))
        self.norm = ScaledNorm(after, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, F, T) to (B, after, F, T), the second convolution's values."""
        first, second = self.convs
        hidden: Tensor = second(functional.relu(self.norm(first(x))))
        return hidden


class Openl3(nn.Module):
    """Embeddings of windows of one second."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, *_CHANNELS)
        self.norm = ScaledNorm(1, eps=_NORM_EPS)
        self.blocks = nn.ModuleList(Block(before, after) for before, after in zip(sizes, _CHANNELS, strict=False))
        self.block_norms = nn.ModuleList(ScaledNorm(size, eps=_NORM_EPS) for size in _CHANNELS[:-1])

    def forward(self, mel: Tensor) -> Tensor:
        """Embeddings (B, 512) of mel spectrograms (B, 256, 199), bands before frames.

        Raises:
            UsageError: Another number of bands or frames.
        """
        if mel.dim() != 3 or mel.shape[1:] != (NUM_MELS, NUM_FRAMES):
            raise UsageError(f"OpenL3 reads (B, {NUM_MELS}, {NUM_FRAMES}), got {tuple(mel.shape)}")
        x = self.norm(mel[:, None])
        *blocks, last = self.blocks
        for block, norm in zip(blocks, self.block_norms, strict=True):
            x = functional.max_pool2d(functional.relu(norm(block(x))), kernel_size=2)
        embedding: Tensor = last(x).amax(dim=(2, 3))
        return embedding


KEY_MAP = KeyMap(
    rules=(
        (r"^norm\.", "batch_normalization_1."),
        (r"^blocks\.3\.convs\.1\.", "audio_embedding_layer."),
        *((rf"^blocks\.{i}\.convs\.{k}\.", f"conv2d_{2 * i + k + 1}.") for i in range(4) for k in range(2)),
        *((rf"^blocks\.{i}\.norm\.", f"batch_normalization_{2 * i + 2}.") for i in range(4)),
        *((rf"^block_norms\.{i}\.", f"batch_normalization_{2 * i + 3}.") for i in range(3)),
    )
)
"""Of the names that `read_keras_weights` gives: layers of one kind are counted from 1."""


def build(*, device: torch.device | str = "cpu") -> Openl3:
    """Build the network as `empty_network` does."""
    return empty_network(Openl3, device=device)
