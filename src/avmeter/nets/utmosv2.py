"""UTMOSv2: the mean opinion score of speech, from the waveform and from pictures of its spectrum.

Paper: Baba et al., "The T05 System for The VoiceMOS Challenge 2024: Transfer Learning from Deep Image Classifier to
Naturalness MOS Prediction of High-Quality Synthetic Speech", SLT 2024 (arXiv 2409.09305). Published code:
github.com/sarulab-speech/UTMOSv2, MIT, configuration `fusion_stage3`. 204 million parameters.

    waveform (B, S)                               pictures (B, 2, 4, 3, 512, 512)
      | wav2vec 2.0 base, 13 states                 | an EfficientNetV2 for each of 4 windows of the spectrum
      | weighed sum                                 | weighed sum over the windows; both cuts side by side
    (B, L, 768)                                   (B, 1280, 16, 32)
      |                                             | mean and maximum over time, beside each other
      |                                           (B, 16, 2560)
      | attention: mean over L; input: maximum      | attention: mean over bands; input: maximum
    (B, 1536)                                     (B, 5120)
      |_____________________________________________|
      | beside them: which listening test, one of 10; both parts were trained beside one, and have zeros in its place
    MOS (B,)

Shape letters: B batch, S samples, L frames of 20 ms.

wav2vec 2.0's first norm takes its statistics over all samples, so a batch has one length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from avmeter.nets import efficientnet_v2
from avmeter.nets.efficientnet_v2 import EfficientNetConfig, EfficientNetV2
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wav2vec2 import Wav2Vec2
from avmeter.nets.wavlm import WavLMConfig

SAMPLE_RATE = 16_000
NUM_CUTS, NUM_WINDOWS, SIDE = 2, 4, 512
LISTENING_TESTS = (
    "bvcc", "sarulab", "blizzard2008", "blizzard2009", "blizzard2010-EH1", "blizzard2010-EH2", "blizzard2010-ES1",
    "blizzard2010-ES3", "blizzard2011", "somos",
)  # fmt: skip
_HEADS = 8


@dataclass(frozen=True, kw_only=True)
class Utmosv2Config:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        encoder: wav2vec 2.0; its relative positions are not read.
        pictures: Each of the four networks of pictures.
    """

    encoder: WavLMConfig = field(default_factory=WavLMConfig)
    pictures: EfficientNetConfig = field(default_factory=EfficientNetConfig)


class Utmosv2(nn.Module):
    """Cuts of clips to their scores."""

    def __init__(self, config: Utmosv2Config) -> None:
        super().__init__()
        self.speech = Speech(config.encoder)
        self.spectra = Spectra(config.pictures)
        width = 2 * config.encoder.dim + 4 * config.pictures.head
        self.rate = nn.Linear(width + 3 * len(LISTENING_TESTS), 1)

    def forward(self, waveform: Tensor, pictures: Tensor, listening_test: Tensor) -> Tensor:
        """Rate cuts of speech.

        Args:
            waveform: (B, S), mean 0 and variance 1, 16 kHz.
            pictures: (B, 2, 4, 3, 512, 512) mel spectra of two cuts by four windows, about 0 to 1.
            listening_test: (B,) number of one of `LISTENING_TESTS`, whose listeners are asked.

        Returns:
            Scores (B,), about 1 to 5, without bounds.
        """
        test = nn.functional.one_hot(listening_test, len(LISTENING_TESTS)).to(waveform.dtype)
        none = torch.zeros_like(test)
        rated: Tensor = self.rate(torch.cat([self.speech(waveform), none, self.spectra(pictures), none, test], dim=1))
        return rated.squeeze(1)


class Speech(nn.Module):
    """What the waveform says: (B, S) to (B, 2 D)."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__()
        self.encoder = Wav2Vec2(config)
        self.weights = nn.Parameter(torch.empty(config.num_layers + 1))
        self.attention = nn.MultiheadAttention(config.dim, _HEADS, batch_first=True)

    def forward(self, waveform: Tensor) -> Tensor:
        states = torch.stack(list(self.encoder.states(waveform)))
        x = torch.einsum("nbld,n->bld", states, self.weights)
        return _summed_up(self.attention, x)


class Spectra(nn.Module):
    """What pictures of the spectrum say: (B, 2, 4, 3, H, W) to (B, 4 C)."""

    def __init__(self, config: EfficientNetConfig) -> None:
        super().__init__()
        self.networks = nn.ModuleList(EfficientNetV2(config) for _ in range(NUM_WINDOWS))
        self.weights = nn.Parameter(torch.empty(NUM_WINDOWS))
        self.attention = nn.MultiheadAttention(2 * config.head, _HEADS, batch_first=True)

    def forward(self, pictures: Tensor) -> Tensor:
        cuts = []
        for cut in pictures.unbind(dim=1):
            maps = [net(image) for net, image in zip(self.networks, cut.unbind(dim=1), strict=True)]
            cuts.append(torch.stack(maps, dim=-1) @ self.weights)
        side_by_side = torch.cat(cuts, dim=3)  # (B, C, bands, time)
        x = torch.cat([side_by_side.mean(dim=3), side_by_side.amax(dim=3)], dim=1).transpose(1, 2)
        return _summed_up(self.attention, x)


def _summed_up(attention: nn.MultiheadAttention, x: Tensor) -> Tensor:
    """Return the mean over L of what attention makes of frames or bands (B, L, D), and their maximum, (B, 2 D)."""
    seen, _ = attention(x, x, x, need_weights=False)
    return torch.cat([seen.mean(dim=1), x.amax(dim=1)], dim=1)


KEY_MAP = KeyMap(
    rules=(
        (r"^speech\.encoder\.convs\.(\d+)\.conv\.", r"ssl.encoder.model.feature_extractor.conv_layers.\1.conv."),
        (r"^speech\.encoder\.convs\.(\d+)\.norm\.", r"ssl.encoder.model.feature_extractor.conv_layers.\1.layer_norm."),
        (r"^speech\.encoder\.conv_norm\.", "ssl.encoder.model.feature_projection.layer_norm."),
        (r"^speech\.encoder\.project\.", "ssl.encoder.model.feature_projection.projection."),
        (r"^speech\.encoder\.position\.", "ssl.encoder.model.encoder.pos_conv_embed.conv."),
        (r"^speech\.encoder\.position_norm\.", "ssl.encoder.model.encoder.layer_norm."),
        (r"^speech\.encoder\.layers\.", "ssl.encoder.model.encoder.layers."),
        (r"(encoder\.layers\.\d+\.attention)\.query\.", r"\1.q_proj."),
        (r"(encoder\.layers\.\d+\.attention)\.key\.", r"\1.k_proj."),
        (r"(encoder\.layers\.\d+\.attention)\.value\.", r"\1.v_proj."),
        (r"(encoder\.layers\.\d+\.attention)\.out\.", r"\1.out_proj."),
        (r"\.attention_norm\.", ".layer_norm."),
        (r"\.fc1\.", ".feed_forward.intermediate_dense."),
        (r"\.fc2\.", ".feed_forward.output_dense."),
        (r"(encoder\.layers\.\d+)\.norm\.", r"\1.final_layer_norm."),
        (r"^speech\.weights$", "ssl.weights"),
        (r"^speech\.attention\.", "ssl.attn.0."),
        (r"^spectra\.networks\.", "spec_long.backbones."),
        (r"^spectra\.attention\.", "spec_long.attn."),
        (r"^spectra\.weights$", "spec_long.weights"),
        (r"^rate\.", "fc."),
        *efficientnet_v2.KEY_MAP.rules,
    ),
    unused=(r"ssl\.encoder\.model\.masked_spec_embed",),
)
"""Names in `fold0_s42_best_model.pth`; one, that masks frames in training, is not read."""


def build(config: Utmosv2Config | None = None, *, device: torch.device | str = "cpu") -> Utmosv2:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Utmosv2(config or Utmosv2Config()), device=device)
