"""PANNs Cnn14: a convolutional network that tags sound with the 527 classes of AudioSet.

Paper: Kong, Cao, Iqbal, Wang, Wang, Plumbley, "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio
Pattern Recognition", TASLP 2020 (arXiv 1912.10211). Published code: github.com/qiuqiangkong/audioset_tagging_cnn,
MIT; weights CC-BY-4.0, Zenodo 3987831. Checkpoint `Cnn14_16k_mAP=0.438.pth`, entry "model".

    log mel (B, 1, 64, T), dB
      | batch norm of every band
      | 6 blocks of two 3 x 3 convolutions; the first five halve time and frequency
    (B, 2048, T / 32, 2)
      | mean over frequency, then maximum + mean over time, linear, ReLU
    embedding (B, 2048)
      | linear
    logits (B, 527)

Shapes: `B` batch, `F` mel bands, `T` mel frames, `C` channels.

Differs from the published code: the spectrogram is made outside (`avmeter.dsp.mel.panns_logmel`), and dropout,
SpecAugment and mixup, which serve in training only, are not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap


@dataclass(frozen=True, kw_only=True)
class Cnn14Config:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        num_mels: Mel bands F.
        channels: Channels of every block; the last is the width of the embedding.
        num_classes: Number of logits.
    """

    num_mels: int = 64
    channels: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    num_classes: int = 527


class Cnn14Output(NamedTuple):
    """What one pass gives.

    Attributes:
        logits: (B, 527), before the sigmoid.
        embedding: (B, 2048), >= 0.
    """

    logits: Tensor
    embedding: Tensor


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each with batch norm and ReLU."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, T, F) to (B, C, T, F)."""
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


class Cnn14(nn.Module):
    """Sound tagger and embedding of any length."""

    def __init__(self, config: Cnn14Config) -> None:
        super().__init__()
        self.config = config
        width = config.channels[-1]
        self.bn0 = nn.BatchNorm2d(config.num_mels)
        self.blocks = nn.ModuleList(ConvBlock(before, after) for before, after in pairwise((1, *config.channels)))
        self.fc1 = nn.Linear(width, width)
        self.fc_audioset = nn.Linear(width, config.num_classes)

    def normalised(self, logmel: Tensor) -> Tensor:
        """Normalise every band to mean 0 and deviation 1: (B, 1, F, T) to (B, 1, T, F)."""
        out: Tensor = self.bn0(logmel.transpose(1, 2)).permute(0, 2, 3, 1)
        return out

    def convolved(self, x: Tensor) -> Tensor:
        """Return the output of the last block: (B, 1, T, F) to (B, C, T / 32, F / 32)."""
        for block in self.blocks[:-1]:
            x = F.avg_pool2d(block(x), 2)
        out: Tensor = self.blocks[-1](x)
        return out

    def forward(self, logmel: Tensor) -> Cnn14Output:
        """Logits and embedding of log-mel spectrograms.

        Args:
            logmel: (B, 1, 64, T) in dB, T >= 32, as `avmeter.dsp.mel.panns_logmel` makes them.

        Raises:
            UsageError: Another number of bands, or nothing is left after halving the time five times.
        """
        self._check(logmel)
        x = self.convolved(self.normalised(logmel)).mean(dim=3)
        pooled = x.amax(dim=2) + x.mean(dim=2)
        embedding = F.relu(self.fc1(pooled))
        return Cnn14Output(logits=self.fc_audioset(embedding), embedding=embedding)

    def _check(self, logmel: Tensor) -> None:
        bands, shortest = self.config.num_mels, 2 ** (len(self.blocks) - 1)
        if logmel.dim() != 4 or logmel.shape[1:3] != (1, bands) or logmel.shape[3] < shortest:
            raise UsageError(
                f"Cnn14 reads log-mel spectrograms (B, 1, {bands}, {shortest} or more), got {tuple(logmel.shape)}",
                hint="a sound of less than 0.31 s at 16 kHz has too few frames",
            )


def _block_names(num_blocks: int) -> tuple[tuple[str, str], ...]:
    return tuple((rf"^blocks\.{i}\.", f"conv_block{i + 1}.") for i in range(num_blocks))


KEY_MAP = KeyMap(
    rules=_block_names(len(Cnn14Config().channels)),
    # Fixed functions of the settings, stored by the published code: the Fourier transform and the mel filterbank.
    unused=(r"spectrogram_extractor\.stft\.conv_(real|imag)\.weight", r"logmel_extractor\.melW"),
)
"""Blocks are numbered from 1 in the official checkpoint."""


def build(config: Cnn14Config | None = None, *, device: torch.device | str = "cpu") -> Cnn14:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Cnn14(config or Cnn14Config()), device=device)
