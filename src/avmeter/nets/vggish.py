"""VGGish: a 128-d embedding of every 0.96 s of sound.

Paper: Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017 (arXiv 1609.09430).
Published code and weights: github.com/tensorflow/models (research/audioset), Apache-2.0; here in the layout of
github.com/harritaylor/torchvggish, Apache-2.0, checkpoint `vggish-10086976.pth`, 72 million parameters.

    log mel (B, 96, 64), frames before bands
      | 6 convolutions of 3 x 3 with ReLU, in four groups, each followed by a maximum over 2 x 2
    (B, 512, 6, 4)
      | flattened as time, band, channel; 3 linear layers
    embedding (B, 128)

Differs from the published network as the harnesses that report its Fréchet distance do: no ReLU after the last
layer, no PCA, no quantisation to 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap


@dataclass(frozen=True, kw_only=True)
class VggishConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        num_frames: Frames of one example.
        num_mels: Mel bands.
        channels: Channels of the convolutions, one tuple for each group.
        hidden: Width of the two hidden linear layers.
        embedding_dim: Width of the embedding.
    """

    num_frames: int = 96
    num_mels: int = 64
    channels: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512))
    hidden: int = 4096
    embedding_dim: int = 128

    @property
    def flat_features(self) -> int:
        """Numbers that the last group leaves of one example."""
        scale = 1 << len(self.channels)
        return (self.num_frames // scale) * (self.num_mels // scale) * self.channels[-1][-1]


class Vggish(nn.Module):
    """Embedding of examples of 0.96 s."""

    def __init__(self, config: VggishConfig) -> None:
        super().__init__()
        self.config = config
        self.features = _convolutions(config)
        self.embeddings = nn.Sequential(
            nn.Linear(config.flat_features, config.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(config.hidden, config.embedding_dim),
        )

    def forward(self, examples: Tensor) -> Tensor:
        """Embeddings.

        Args:
            examples: (B, 96, 64), frames before bands, as `avmeter.dsp.mel.vggish_examples` makes them.

        Returns:
            (B, 128).

        Raises:
            UsageError: Another number of frames or bands.
        """
        size = (self.config.num_frames, self.config.num_mels)
        if examples.dim() != 3 or examples.shape[1:] != size:
            raise UsageError(f"VGGish reads examples (B, {size[0]}, {size[1]}), got {tuple(examples.shape)}")
        x = self.features(examples[:, None])
        out: Tensor = self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
        return out


def _convolutions(config: VggishConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 1
    for group in config.channels:
        for after in group:
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
            before = after
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


KEY_MAP = KeyMap(unused=(r"pproc\.pca_(eigen_vectors|means)",))
"""The official checkpoint has the names used here; some copies carry the PCA besides."""


def build(config: VggishConfig | None = None, *, device: torch.device | str = "cpu") -> Vggish:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Vggish(config or VggishConfig()), device=device)
