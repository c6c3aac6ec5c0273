"""MERT v1, 95M and 330M: an encoder of music at 24 kHz.

Paper: Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised Training" (ICLR 2024, arXiv
2306.00107). Published code: github.com/yizhilll/MERT, Apache-2.0; weights CC BY-NC 4.0, with `modeling_MERT.py` for
transformers: a HuBERT of 94.4 million parameters, or of 315 million, whose layers normalise what they read.

    waveform (B, S) at 24 kHz, mean 0 and variance 1
      | wav2vec 2.0 (see `avmeter.nets.wav2vec2`), 320 samples a step: 75 frames a second
    output of the last of 12 layers (B, L, 768), or of 24 layers and the norm behind them (B, L, 1024)

The first convolution of both is normalised over the whole waveform: the same sound in a longer window has other
features. The published configuration of 330M has an `attention_relax`, which its layers do not read.
"""

from __future__ import annotations

import torch

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wav2vec2 import Wav2Vec2
from avmeter.nets.wavlm import WavLMConfig

SAMPLE_RATE = 24_000
MIN_SAMPLES = 400
BASE = WavLMConfig()
LARGE = WavLMConfig(dim=1024, hidden_dim=4096, num_layers=24, num_heads=16, norm_first=True)

KEY_MAP = KeyMap(
    rules=(
        (r"^convs\.(\d+)\.conv\.", r"feature_extractor.conv_layers.\1.conv."),
        (r"^convs\.(\d+)\.norm\.", r"feature_extractor.conv_layers.\1.layer_norm."),
        (r"^conv_norm\.", "feature_projection.layer_norm."),
        (r"^project\.", "feature_projection.projection."),
        (r"^position\.", "encoder.pos_conv_embed.conv."),
        (r"^position_norm\.", "encoder.layer_norm."),
        (r"^layers\.", "encoder.layers."),
        (r"\.attention\.query\.", ".attention.q_proj."),
        (r"\.attention\.key\.", ".attention.k_proj."),
        (r"\.attention\.value\.", ".attention.v_proj."),
        (r"\.attention\.out\.", ".attention.out_proj."),
        (r"\.attention_norm\.", ".layer_norm."),
        (r"(encoder\.layers\.\d+)\.norm\.", r"\1.final_layer_norm."),
        (r"\.fc1\.", ".feed_forward.intermediate_dense."),
        (r"\.fc2\.", ".feed_forward.output_dense."),
    ),
    unused=("masked_spec_embed",),  # stands for masked frames in training
)


def build(config: WavLMConfig = BASE, *, device: torch.device | str = "cpu") -> Wav2Vec2:
    """Build the network as `empty_network` does; `BASE` and `LARGE` are the sizes of the published checkpoints."""
    return empty_network(lambda: Wav2Vec2(config), device=device)
