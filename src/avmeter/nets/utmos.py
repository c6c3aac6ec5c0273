"""UTMOS, the strong learner: the mean opinion score that listeners would give synthetic speech.

Paper: Saeki et al., "UTMOS: UTokyo-SaruLab System for VoiceMOS Challenge 2022", Interspeech 2022 (arXiv 2204.02152).
Published code: github.com/sarulab-speech/UTMOS22, MIT, in the form without phonemes that github.com/tarepan/SpeechMOS
1.2.0 (MIT) runs and everybody uses. Weights: `utmos22_strong_step7459_v1.pt`, MIT, 103 million parameters.

    waveform (B, S), 16 kHz
      | wav2vec 2.0 base (see `avmeter.nets.wav2vec2`)
    (B, L, D)
      | beside every frame: one vector for the listening test, one for the listener; both constant
      | LSTM in both directions
      | linear, ReLU, linear; mean over frames
    MOS (B,) = 3 + 2 mean

Shape letters: B batch, S samples, L frames of 20 ms, D width.

The first norm takes its statistics over all samples and the score is a mean over frames: padding would change it, so a
batch has one length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets import wavlm
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wav2vec2 import Wav2Vec2
from avmeter.nets.wavlm import WavLMConfig

SAMPLE_RATE = 16_000
"""Sample rate of the input, Hz."""

MIN_SAMPLES = 400
"""Fewer samples make no frame: 25 ms."""


@dataclass(frozen=True, kw_only=True)
class UtmosConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        encoder: wav2vec 2.0; its relative positions are not read.
        condition: Width of the vectors for test and listener.
        lstm: Width of the LSTM in each direction.
        hidden: Width between the two linear layers.
    """

    encoder: WavLMConfig = field(default_factory=WavLMConfig)
    condition: int = 128
    lstm: int = 512
    hidden: int = 2048


class Utmos(nn.Module):
    """Clips of one length to their scores."""

    def __init__(self, config: UtmosConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Wav2Vec2(config.encoder)
        self.test = nn.Parameter(torch.empty(1, config.condition))
        self.listener = nn.Parameter(torch.empty(1, config.condition))
        self.lstm = nn.LSTM(
            config.encoder.dim + 2 * config.condition, config.lstm, batch_first=True, bidirectional=True
        )
        self.expand = nn.Linear(2 * config.lstm, config.hidden)
        self.rate = nn.Linear(config.hidden, 1)

    def forward(self, waveform: Tensor) -> Tensor:
        """Scores (B,) of waveforms (B, S), float, 16 kHz, S >= 400; about 1 to 5, without bounds."""
        frames = self.encoder(waveform)
        condition = torch.cat([self.test, self.listener], dim=1).expand(*frames.shape[:2], -1)
        read, _ = self.lstm(torch.cat([frames, condition], dim=2))
        ratings: Tensor = self.rate(F.relu(self.expand(read)))
        return 3 + 2 * ratings.squeeze(-1).mean(dim=1)


KEY_MAP = KeyMap(
    rules=(
        (r"^test$", "domain_emb"),
        (r"^listener$", "judge_emb"),
        (r"^lstm\.", "blstm."),
        (r"^expand\.", "projection.0."),
        (r"^rate\.", "projection.2."),
        *wavlm.KEY_MAP.rules,
        (r"^encoder\.", "wav2vec2."),
    ),
    unused=tuple(rf"wav2vec2\.{name}" for name in wavlm.KEY_MAP.unused),
)
"""Names in `utmos22_strong_step7459_v1.pt`; one, that masks frames in training, is not read."""


def build(config: UtmosConfig | None = None, *, device: torch.device | str = "cpu") -> Utmos:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Utmos(config or UtmosConfig()), device=device)
