"""PE-AV: embeddings of sound, video and text in one space.

Paper: Vyas et al., "Pushing the Frontier of Audiovisual Perception with Large-Scale Multimodal Correspondence
Learning" (2025), arXiv 2512.19687. Published code: facebookresearch/perception_models and transformers
(`PeAudioVideoModel`), Apache-2.0; weights Apache-2.0. Here it is in four parts, so that sound and video are encoded
once for all comparisons:

    waveform (B, 1, N) --codec--> (B, N / 1920, 128) --+
                                                        towers --> audio, video, audio_video (B, 1024)
    frames (B, 3, 336, 336) --frame--> (B, 1024) -------+
    token ids (B, L) --text--> audio, video, audio_video (B, 1024)

Clips of one batch are equally long: the convolutions of the codec would read padding. transformers is imported when
the text tower is built, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import nn

from avmeter.nets.empty import empty_network
from avmeter.nets.pe_av.codec import Codec
from avmeter.nets.pe_av.config import (
    CHECKPOINTS,
    Checkpoint,
    CodecConfig,
    FrameConfig,
    PeAvConfig,
    TextConfig,
    TransformerConfig,
    checkpoint_name,
)
from avmeter.nets.pe_av.frame import FrameEncoder
from avmeter.nets.pe_av.keys import KEY_MAPS, without_aliases
from avmeter.nets.pe_av.text import MAX_TOKENS, BpeTokens, DummyTokens, TextTower, Tokenizer, Tokens, padded
from avmeter.nets.pe_av.towers import Towers

SAMPLE_RATE = 48_000
"""Hz, of every published checkpoint."""

_PARTS: Mapping[str, Callable[[PeAvConfig], nn.Module]] = MappingProxyType(
    {
        "codec": lambda config: Codec(config.codec),
        "frame": lambda config: FrameEncoder(config.frame),
        "towers": Towers,
        "text": lambda config: TextTower(config.text),
    }
)
PARTS = tuple(_PARTS)


def build(part: str, config: PeAvConfig) -> nn.Module:
    """Build one of `PARTS` in evaluation mode, its own parameters uninitialised: load or fill them.

    Raises:
        MissingDependencyError: The text tower needs transformers.
    """
    if part == "text":  # transformers computes constants while it builds, and draws parameters that are then replaced
        with torch.random.fork_rng(devices=[]):
            return _PARTS[part](config).eval()
    return empty_network(lambda: _PARTS[part](config))


__all__ = [
    "CHECKPOINTS",
    "KEY_MAPS",
    "MAX_TOKENS",
    "PARTS",
    "SAMPLE_RATE",
    "BpeTokens",
    "Checkpoint",
    "CodecConfig",
    "DummyTokens",
    "FrameConfig",
    "PeAvConfig",
    "TextConfig",
    "Tokenizer",
    "Tokens",
    "TransformerConfig",
    "build",
    "checkpoint_name",
    "padded",
    "without_aliases",
]
