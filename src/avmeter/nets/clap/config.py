"""Sizes of CLAP, and of the published checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from avmeter.errors import UnknownNameError


@dataclass(frozen=True, kw_only=True)
class AudioTowerConfig:
    """HTSAT, a Swin transformer over a mel spectrogram that is folded into a square image.

    Attributes:
        fusion: Whether the clip as a whole and its crops are fused behind the patch embedding.
        dim: Width of the patch embedding; doubles with every stage.
        depths: Blocks of each stage.
        num_heads: Attention heads of each stage.
        num_mels: Mel bands F.
        image_size: Side of the folded image.
        patch_size: Side of a patch; patches do not overlap.
        window_size: Side of an attention window, patches.
    """

    fusion: bool = True
    dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    num_heads: tuple[int, ...] = (4, 8, 16, 32)
    num_mels: int = 64
    image_size: int = 256
    patch_size: int = 4
    window_size: int = 8

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.num_heads):
            raise ValueError(f"{len(self.depths)} stages of blocks, {len(self.num_heads)} of heads")

    @property
    def output_dim(self) -> int:
        """Width of the last stage."""
        return self.dim << (len(self.depths) - 1)


@dataclass(frozen=True, kw_only=True)
class TextTowerConfig:
    """RoBERTa.

    Attributes:
        vocabulary: Token ids.
        dim: Width.
        hidden_dim: Inner width of the feed-forward parts.
        num_layers: Transformer layers.
        num_heads: Attention heads.
        num_positions: Rows of the position table; the first two are never reached, so 512 tokens fit.
        norm_eps: Epsilon of the layer norms. The published configurations for transformers have its default of
            1e-12, though the text tower was trained from roberta-base, and runs in LAION's code, with 1e-5.
    """

    vocabulary: int = 50265
    dim: int = 768
    hidden_dim: int = 3072
    num_layers: int = 12
    num_heads: int = 12
    num_positions: int = 514
    norm_eps: float = 1e-12

    @property
    def max_tokens(self) -> int:
        """Longest text, begin and end tokens included."""
        return self.num_positions - 2


@dataclass(frozen=True, kw_only=True)
class ClapConfig:
    """Both towers; the defaults are those of laion/clap-htsat-fused.

    Attributes:
        audio: The audio tower.
        text: The text tower.
        embedding_dim: Width D of the joint space.
    """

    audio: AudioTowerConfig = field(default_factory=AudioTowerConfig)
    text: TextTowerConfig = field(default_factory=TextTowerConfig)
    embedding_dim: int = 512


_TINY_FUSED = AudioTowerConfig()
_TINY = AudioTowerConfig(fusion=False)
_BASE = AudioTowerConfig(fusion=False, dim=128, depths=(2, 2, 12, 2))


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How a published checkpoint is built and read.

    Attributes:
        config: Its sizes.
        laion_layout: Whether its keys are LAION's own (`from_laion` translates), not those of transformers.
        int16: Whether its own code rounds waveforms through 16-bit integers (`avmeter.dsp.clap.round_int16`).
    """

    config: ClapConfig
    laion_layout: bool
    int16: bool


def _transformers(audio: AudioTowerConfig) -> Checkpoint:
    return Checkpoint(config=ClapConfig(audio=audio), laion_layout=False, int16=False)


def _laion(audio: AudioTowerConfig) -> Checkpoint:
    config = ClapConfig(audio=audio, text=TextTowerConfig(norm_eps=1e-5))
    return Checkpoint(config=config, laion_layout=True, int16=True)


CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {
        "clap-htsat-fused": _transformers(_TINY_FUSED),
        "clap-htsat-unfused": _transformers(_TINY),
        "clap-larger-general": _transformers(_BASE),
        "clap-larger-music-and-speech": _transformers(_BASE),
        "laion-clap-630k-fused": _laion(_TINY_FUSED),
        "laion-clap-630k": _laion(_TINY),
        "laion-clap-music-speech-audioset": _laion(_BASE),
        "laion-clap-music-audioset": _laion(_BASE),
    }
)
"""Catalog name -> what is inside."""

PUBLISHED_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "laion/clap-htsat-fused": "clap-htsat-fused",
        "laion/clap-htsat-unfused": "clap-htsat-unfused",
        "laion/larger_clap_general": "clap-larger-general",
        "laion/larger_clap_music_and_speech": "clap-larger-music-and-speech",
        "630k-audioset-fusion-best": "laion-clap-630k-fused",
        "630k-audioset-best": "laion-clap-630k",
        "music_speech_audioset_epoch_15_esc_89.98": "laion-clap-music-speech-audioset",
        "music_audioset_epoch_15_esc_90.14": "laion-clap-music-audioset",
    }
)
"""What papers and hubs call a checkpoint -> its catalog name."""


def checkpoint_name(name: str) -> str:
    """The catalog name of a checkpoint.

    Args:
        name: That itself, or what papers and hubs call it: "630k-audioset-fusion-best" (with or without ".pt"),
            "laion/larger_clap_general".

    Raises:
        UnknownNameError: No such checkpoint.
    """
    found = PUBLISHED_NAMES.get(name.removesuffix(".pt"), name)
    if found not in CHECKPOINTS:
        raise UnknownNameError.among("CLAP checkpoint", name, [*CHECKPOINTS, *PUBLISHED_NAMES])
    return found
