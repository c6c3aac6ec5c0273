"""WavLM large with an ECAPA-TDNN head: a 256-d embedding of who speaks, the network of Seed-TTS's SIM.

Papers: Desplanques et al., "ECAPA-TDNN: Emphasized Channel Attention, Propagation and Aggregation in TDNN Based Speaker
Verification", Interspeech 2020 (arXiv 2005.07143); Chen et al., "WavLM", IEEE JSTSP 2022. Published code:
github.com/microsoft/UniSpeech, `downstreams/speaker_verification`, CC-BY-SA-3.0, in the copy that
github.com/BytedanceSpeech/seed-tts-eval runs, with WavLM from s3prl (Apache-2.0). Weights: `wavlm_large_finetune.pth`.

    waveform (B, S), 16 kHz
      | mean 0 and variance 1; WavLM large (see `avmeter.nets.wavlm`): 25 states, mixed by learned shares
      | each channel normalised over time
    (B, F, L)
      | convolution over 5 frames, ReLU, batch norm
      | 3 blocks: 1 frame, 8 groups of 3 frames that read one another, 1 frame, channels weighted by the clip, + input
      | the outputs of the blocks side by side, 1 frame, ReLU
    (B, P, L)
      | mean and deviation over frames, weighted by attention of each channel; batch norm, linear
    embedding (B, E), of no particular length

Shape letters: B batch, S samples, L frames of 20 ms, F width of WavLM, C channels of the blocks, P pooled channels,
E embedding.

The norm over time and the pooling read all frames: padding would change an embedding, so a batch has one length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets import wavlm
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wavlm import WavLM, WavLMConfig

SAMPLE_RATE = 16_000
"""Sample rate of the input, Hz."""


@dataclass(frozen=True, kw_only=True)
class WavLMEcapaConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        encoder: WavLM.
        channels: Channels C of the blocks; a multiple of `groups`.
        groups: Groups of a block's channels.
        bottleneck: Width between the two layers that weight channels, and of the attention.
        pooled: Channels P that are pooled.
        embedding: Numbers E of an embedding.
    """

    encoder: WavLMConfig = wavlm.LARGE
    channels: int = 512
    groups: int = 8
    bottleneck: int = 128
    pooled: int = 1536
    embedding: int = 256

    def __post_init__(self) -> None:
        if self.channels % self.groups or self.groups < 2:
            raise ValueError(f"{self.channels} channels do not make {self.groups} groups")


class Tdnn(nn.Module):
    """Convolution over neighbouring frames, ReLU, batch norm; (B, C, L) to (B, C', L)."""

    def __init__(self, channels: int, out_channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out_channels, kernel, padding="same", dilation=dilation)
        self.norm = nn.BatchNorm1d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) to (B, C', L)."""
        normalised: Tensor = self.norm(F.relu(self.conv(x)))
        return normalised


class GroupChain(nn.Module):
    """Groups of channels, each convolved after what became of the one before was added; the last group stays."""

    def __init__(self, channels: int, groups: int, dilation: int) -> None:
        super().__init__()
        width = channels // groups
        self.tdnns = nn.ModuleList(Tdnn(width, width, 3, dilation) for _ in range(groups - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) to the same shape."""
        *groups, untouched = x.chunk(len(self.tdnns) + 1, dim=1)
        done: list[Tensor] = []
        for group, tdnn in zip(groups, self.tdnns, strict=True):
            done.append(tdnn(group + done[-1] if done else group))
        return torch.cat([*done, untouched], dim=1)


class ChannelWeights(nn.Module):
    """Each channel times a factor, 0 to 1, that all channels' means over the clip decide."""

    def __init__(self, channels: int, bottleneck: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, bottleneck)
        self.excite = nn.Linear(bottleneck, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) to the same shape."""
        factors: Tensor = self.excite(F.relu(self.squeeze(x.mean(dim=2)))).sigmoid()
        return x * factors.unsqueeze(2)


class Block(nn.Module):
    """SE-Res2Net block."""

    def __init__(self, config: WavLMEcapaConfig, dilation: int) -> None:
        super().__init__()
        channels = config.channels
        self.enter = Tdnn(channels, channels, 1)
        self.chain = GroupChain(channels, config.groups, dilation)
        self.leave = Tdnn(channels, channels, 1)
        self.weights = ChannelWeights(channels, config.bottleneck)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) to the same shape."""
        weighted: Tensor = self.weights(self.leave(self.chain(self.enter(x))))
        return x + weighted


class AttentivePooling(nn.Module):
    """Mean and deviation over frames, each channel with weights of its own."""

    def __init__(self, channels: int, bottleneck: int) -> None:
        super().__init__()
        self.hidden = nn.Conv1d(channels, bottleneck, 1)
        self.attention = nn.Conv1d(bottleneck, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, L) to (B, 2 P)."""
        weights = self.attention(self.hidden(x).tanh()).softmax(dim=2)
        mean = (weights * x).sum(dim=2)
        variance = (weights * x.square()).sum(dim=2) - mean.square()
        return torch.cat([mean, variance.clamp(min=1e-9).sqrt()], dim=1)


class WavLMEcapa(nn.Module):
    """Clips of one length to embeddings of their speakers."""

    def __init__(self, config: WavLMEcapaConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = WavLM(config.encoder)
        self.state_weights = nn.Parameter(torch.empty(config.encoder.num_layers + 1))
        self.tdnn = Tdnn(config.encoder.dim, config.channels, 5)
        self.blocks = nn.ModuleList(Block(config, dilation) for dilation in (2, 3, 4))
        self.join = nn.Conv1d(3 * config.channels, config.pooled, 1)
        self.pool = AttentivePooling(config.pooled, config.bottleneck)
        self.norm = nn.BatchNorm1d(2 * config.pooled)
        self.project = nn.Linear(2 * config.pooled, config.embedding)

    def fuse(self, dtype: torch.dtype) -> None:
        """Convolve positions by a fused kernel from now on; see `avmeter.nets.fused.Fusable`."""
        self.encoder.fuse(dtype)

    def mixed_states(self, waveform: Tensor) -> Tensor:
        """The states of WavLM, mixed: waveforms (B, S) to (B, F, L). One state is held at a time."""
        scaled = F.layer_norm(waveform, waveform.shape[-1:])
        shares = self.state_weights.softmax(dim=0)
        states = self.encoder.states(scaled, torch.ones_like(scaled, dtype=torch.bool))
        mixed = torch.zeros((), device=waveform.device)
        for share, state in zip(shares, states, strict=True):
            mixed = mixed + share * state
        return mixed.transpose(1, 2) + 1e-6

    def forward(self, waveform: Tensor) -> Tensor:
        """Embeddings (B, E) of waveforms (B, S), float, 16 kHz; level and offset do not count."""
        x = self.tdnn(F.instance_norm(self.mixed_states(waveform)))
        outputs: list[Tensor] = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        pooled = self.pool(F.relu(self.join(torch.cat(outputs, dim=1))))
        embedding: Tensor = self.project(self.norm(pooled))
        return embedding


KEY_MAP = KeyMap(
    rules=(
        (r"^state_weights$", "feature_weight"),
        (r"^tdnn\.", "layer1."),
        (r"^blocks\.0\.", "layer2."),
        (r"^blocks\.1\.", "layer3."),
        (r"^blocks\.2\.", "layer4."),
        (r"^(layer\d)\.enter\.", r"\1.Conv1dReluBn1."),
        (r"^(layer\d)\.leave\.", r"\1.Conv1dReluBn2."),
        (r"^(layer\d)\.chain\.tdnns\.(\d+)\.conv\.", r"\1.Res2Conv1dReluBn.convs.\2."),
        (r"^(layer\d)\.chain\.tdnns\.(\d+)\.norm\.", r"\1.Res2Conv1dReluBn.bns.\2."),
        (r"^(layer\d)\.weights\.squeeze\.", r"\1.SE_Connect.linear1."),
        (r"^(layer\d)\.weights\.excite\.", r"\1.SE_Connect.linear2."),
        (r"^(layer\d(?:\.\w+)?)\.norm\.", r"\1.bn."),
        (r"^join\.", "conv."),
        (r"^pool\.hidden\.", "pooling.linear1."),
        (r"^pool\.attention\.", "pooling.linear2."),
        (r"^norm\.", "bn."),
        (r"^project\.", "linear."),
        *wavlm.LARGE_KEY_MAP.rules,
        (r"^encoder\.", "feature_extract.model."),
    ),
    unused=(r"feature_extract\.model\.mask_emb", r"loss_calculator\.projection\.weight"),
)
"""Names in `wavlm_large_finetune.pth` (711 tensors, under `model`); two are of training."""


def build(config: WavLMEcapaConfig | None = None, *, device: torch.device | str = "cpu") -> WavLMEcapa:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: WavLMEcapa(config or WavLMEcapaConfig()), device=device)
