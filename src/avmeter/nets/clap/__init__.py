"""CLAP: embeddings of sound and text in one space.

Paper: Wu, Chen, Zhang et al., "Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and
Keyword-to-Caption Augmentation", ICASSP 2023 (arXiv 2211.06687); the audio tower is HTSAT, Chen et al.,
ICASSP 2022 (arXiv 2202.00874). Published code: github.com/LAION-AI/CLAP, CC0-1.0, and transformers, Apache-2.0.
The network itself is `transformers.ClapModel`; here are its sizes, the published layouts of its weights, and calls
that return the same for one clip alone and in any batch. MS-CLAP, whose text tower is GPT-2, is in `ms`.

    mel (B, 4 or 1, 1001, 64)            token ids (B, L)
      | HTSAT (Swin)                       | RoBERTa, first token
      | projection, unit length            | projection, unit length
    (B, D)          ... cosine ...       (B, D)

transformers is imported when a network is built, not before.
"""

from avmeter.nets.clap.checkpoints import CHECKPOINTS, PUBLISHED_NAMES, Checkpoint, checkpoint_name
from avmeter.nets.clap.config import AudioTowerConfig, ClapConfig, GptTowerConfig, MsClapConfig, TextTowerConfig
from avmeter.nets.clap.keys import KEY_MAP, LAION, MICROSOFT, TRANSFORMERS
from avmeter.nets.clap.model import audio_features, build, text_features
from avmeter.nets.clap.tokens import GPT2, ROBERTA, DummyTokens, FileTokens, Scheme, Tokenizer, Tokens

__all__ = [
    "CHECKPOINTS",
    "GPT2",
    "KEY_MAP",
    "LAION",
    "MICROSOFT",
    "PUBLISHED_NAMES",
    "ROBERTA",
    "TRANSFORMERS",
    "AudioTowerConfig",
    "Checkpoint",
    "ClapConfig",
    "DummyTokens",
    "FileTokens",
    "GptTowerConfig",
    "MsClapConfig",
    "Scheme",
    "TextTowerConfig",
    "Tokenizer",
    "Tokens",
    "audio_features",
    "build",
    "checkpoint_name",
    "text_features",
]
