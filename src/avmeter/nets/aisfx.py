"""aiSFX: a 512-d embedding of every 2.3 s of sound, from a network trained to sort libraries of sound effects.

Paper: Ma and Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries" (ISMIR 2022), model
X-Sequential-CE. Published code and weights: github.com/alisonbma/aiSFX 0.1.2; code and weights CC BY 4.0; 4.7 million
parameters here.

    log mel (B, 100, 96), frames before bands
      | four blocks of two convolutions of 3 x 3, each with batch norm and ReLU;
      | a maximum over 2 x 2 after the first three
    (B, 512, 12, 12)
      | mean over bands
      | maximum over frames
    embedding (B, 512)

Beside them the checkpoint has classifiers of nine libraries, each with its own categories, which are left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

NUM_FRAMES, NUM_MELS = 100, 96
EMBEDDING_DIM = 512
_CHANNELS = (64, 128, 256, EMBEDDING_DIM)


class Block(nn.Module):
    """Two convolutions of 3 x 3, each with batch norm and ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(size, after, kernel_size=3, padding=1, bias=False) for size in (before, after)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(after) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, T, F) to (B, after, T, F)."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = functional.relu(norm(conv(x)))
        return x


class Aisfx(nn.Module):
    """Embeddings of windows of 2.3 s."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, *_CHANNELS)
        self.blocks = nn.ModuleList(Block(before, after) for before, after in zip(sizes, _CHANNELS, strict=False))

    def forward(self, mel: Tensor) -> Tensor:
        """Embeddings (B, 512) of log mels (B, 100, 96), frames before bands.

        Raises:
            UsageError: Another number of frames or bands.
        """
        if mel.dim() != 3 or mel.shape[1:] != (NUM_FRAMES, NUM_MELS):
            raise UsageError(f"aiSFX reads (B, {NUM_FRAMES}, {NUM_MELS}), got {tuple(mel.shape)}")
        x = mel[:, None]
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < len(self.blocks) - 1:
                x = functional.max_pool2d(x, kernel_size=2)
        return x.mean(dim=3).amax(dim=2)


KEY_MAP = KeyMap(
    rules=(
        *((rf"^blocks\.{i}\.", f"embedding_net.conv_block{i + 1}.") for i in range(len(_CHANNELS))),
        *((rf"\.convs\.{i}\.", f".conv{i + 1}.") for i in range(2)),
        *((rf"\.norms\.{i}\.", f".bn{i + 1}.") for i in range(2)),
    ),
    unused=(r"fc\..*",),  # classifiers of nine libraries
)


def build(*, device: torch.device | str = "cpu") -> Aisfx:
    """Build the network as `empty_network` does."""
    return empty_network(Aisfx, device=device)
