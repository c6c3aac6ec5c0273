"""MERT v1, 95M: an encoder of music at 24 kHz.

Paper: Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised Training" (ICLR 2024, arXiv
2306.00107). Published code: github.com/yizhilll/MERT, Apache-2.0; weights CC BY-NC 4.0, with `modeling_MERT.py` for
transformers: a HuBERT base; 94.4 million parameters.

    waveform (B, S) at 24 kHz, mean 0 and variance 1
      | wav2vec 2.0, base size (see `avmeter.nets.wav2vec2`), 320 samples a step: 75 frames a second
    output of the last of 12 layers (B, L, 768)

The first convolution is normalised over the whole waveform: the same sound in a longer window has other features.
"""

from __future__ import annotations

import torch

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.wav2vec2 import Wav2Vec2
from avmeter.nets.wavlm import WavLMConfig

SAMPLE_RATE = 24_000
MIN_SAMPLES = 400
EMBEDDING_DIM = 768
LAST_LAYER = 12

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


def build(config: WavLMConfig | None = None, *, device: torch.device | str = "cpu") -> Wav2Vec2:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Wav2Vec2(config or WavLMConfig()), device=device)
