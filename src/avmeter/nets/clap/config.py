"""Sizes of CLAP."""

from __future__ import annotations

from dataclasses import dataclass, field


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


@dataclass(frozen=True, kw_only=True)
class GptTowerConfig:
    """GPT-2; the defaults are those of its smallest model.

    Attributes:
        vocabulary: Token ids.
        dim: Width.
        num_layers: Transformer layers.
        num_heads: Attention heads.
        num_positions: Rows of the position table.
    """

    vocabulary: int = 50257
    dim: int = 768
    num_layers: int = 12
    num_heads: int = 12
    num_positions: int = 1024


@dataclass(frozen=True, kw_only=True)
class MsClapConfig:
    """Both towers of MS-CLAP; the defaults are those of the 2023 checkpoint.

    Attributes:
        audio: The audio tower.
        text: The text tower.
        embedding_dim: Width D of the joint space.
    """

    audio: AudioTowerConfig = field(default_factory=lambda: AudioTowerConfig(fusion=False))
    text: GptTowerConfig = field(default_factory=GptTowerConfig)
    embedding_dim: int = 1024
