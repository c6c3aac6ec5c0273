"""Sizes of PE-AV, and of the published checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from avmeter.errors import UnknownNameError, WeightsError


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """A stack of attention layers behind a residual block of convolutions.

    Attributes:
        dim: Width D.
        hidden_dim: Inner width of the gated feed-forward parts.
        num_layers: Attention layers.
        num_heads: Heads.
        head_dim: Width of a head.
        rope_base: Base of the rotary frequencies.
        norm_eps: Epsilon of the norms.
    """

    dim: int
    hidden_dim: int
    num_layers: int
    num_heads: int
    head_dim: int = 128
    rope_base: float = 20_000.0
    norm_eps: float = 1e-5


@dataclass(frozen=True, kw_only=True)
class CodecConfig:
    """The encoder of DAC-VAE: a waveform to one vector every `hop_length` samples.

    Attributes:
        dim: Width behind the first convolution; doubles with every block.
        strides: Of the blocks.
        latent_dim: Size of the vectors.
    """

    dim: int = 64
    strides: tuple[int, ...] = (2, 8, 10, 12)
    latent_dim: int = 128

    @property
    def output_dim(self) -> int:
        """Width behind the last block."""
        return self.dim << len(self.strides)

    @property
    def hop_length(self) -> int:
        """Points of the waveform for one vector."""
        product = 1
        for stride in self.strides:
            product *= stride
        return product


@dataclass(frozen=True, kw_only=True)
class FrameConfig:
    """PE-Core, the vision transformer that sees single frames; the defaults are L/14 at 336 pixels.

    Attributes:
        image_size: Side of a frame, pixels.
        patch_size: Side of a patch.
        dim: Width.
        num_layers: Attention layers.
        num_heads: Heads.
        num_pool_heads: Heads of the attention that pools the patches.
        output_dim: Size of a frame's vector.
        reference_grid: Side, in patches, of the grid that rotary positions count in.
        norm_eps: Epsilon of the norms.
    """

    image_size: int = 336
    patch_size: int = 14
    dim: int = 1024
    num_layers: int = 24
    num_heads: int = 16
    num_pool_heads: int = 8
    output_dim: int = 1024
    reference_grid: int = 24
    norm_eps: float = 1e-5

    @property
    def grid(self) -> int:
        """Side of a frame in patches."""
        return self.image_size // self.patch_size


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """ModernBERT; the defaults are its large size, cut after 22 layers.

    Attributes:
        vocabulary: Token ids.
        dim: Width, which is that of the joint space too.
        hidden_dim: Inner width of the feed-forward parts.
        num_layers: Layers.
        num_heads: Heads.
        begin, end, pad: Ids of [CLS], [SEP] and [PAD].
    """

    vocabulary: int = 50_368
    dim: int = 1024
    hidden_dim: int = 2624
    num_layers: int = 22
    num_heads: int = 16
    begin: int = 50_281
    end: int = 50_282
    pad: int = 50_283


@dataclass(frozen=True, kw_only=True)
class PeAvConfig:
    """All towers.

    Attributes:
        audio, video, joint: Transformers over codec vectors, over frames, and over both.
        codec: In front of `audio`.
        frame: In front of `video`.
        text: The text tower.
    """

    audio: TransformerConfig
    video: TransformerConfig
    joint: TransformerConfig
    codec: CodecConfig = field(default_factory=CodecConfig)
    frame: FrameConfig = field(default_factory=FrameConfig)
    text: TextConfig = field(default_factory=TextConfig)

    @classmethod
    def read(cls, content: Mapping[str, Any], *, source: str) -> PeAvConfig:
        """Read the `config.json` of a checkpoint in the layout of transformers.

        Args:
            content: Its content. What is absent has the default of transformers.
            source: Name of the file for the message.

        Raises:
            WeightsError: It is the configuration of another model.
        """
        if content.get("model_type") != "pe_audio_video":
            raise WeightsError(f"{source}: a configuration of `{content.get('model_type')}`, not of `pe_audio_video`")
        joint = content.get("audio_video_config") or {}
        audio, video = joint.get("audio_config") or {}, joint.get("video_config") or {}
        return cls(
            audio=_transformer(audio),
            video=_transformer(video),
            joint=_transformer(joint),
            codec=_codec(audio.get("dac_config") or {}),
            frame=_frame(video.get("vision_config") or {}),
            text=_text(content.get("text_config") or {}),
        )


def _transformer(content: Mapping[str, Any]) -> TransformerConfig:
    rope = content.get("rope_parameters") or {}
    return TransformerConfig(
        dim=content.get("hidden_size", 1792),
        hidden_dim=content.get("intermediate_size", 4800),
        num_layers=content.get("num_hidden_layers", 6),
        num_heads=content.get("num_attention_heads", 14),
        head_dim=content.get("head_dim", 128),
        rope_base=rope.get("rope_theta", content.get("rope_theta", 20_000.0)),
        norm_eps=content.get("rms_norm_eps", 1e-5),
    )


def _codec(content: Mapping[str, Any]) -> CodecConfig:
    return CodecConfig(
        dim=content.get("encoder_hidden_size", 64),
        strides=tuple(content.get("downsampling_ratios", (2, 8, 10, 12))),
        latent_dim=content.get("codebook_dim", 128),
    )


def _frame(content: Mapping[str, Any]) -> FrameConfig:
    sizes = content.get("model_args") or {}
    image = sizes.get("img_size", 336)
    return FrameConfig(
        image_size=image if isinstance(image, int) else image[0],
        dim=sizes.get("embed_dim", 1024),
        num_layers=sizes.get("depth", 24),
        num_heads=sizes.get("num_heads", 16),
        patch_size=sizes.get("patch_size", 14),
        output_dim=len(content.get("label_names") or ())
        or content.get("num_labels")
        or content.get("num_classes", 1024),
    )


def _text(content: Mapping[str, Any]) -> TextConfig:
    return TextConfig(
        vocabulary=content.get("vocab_size", 50_368),
        dim=content.get("hidden_size", 1024),
        hidden_dim=content.get("intermediate_size", 2624),
        num_layers=content.get("num_hidden_layers", 22),
        num_heads=content.get("num_attention_heads", 16),
        begin=content.get("cls_token_id", 50_281),
        end=content.get("sep_token_id", 50_282),
        pad=content.get("pad_token_id", 50_283),
    )


def _published(audio: TransformerConfig) -> PeAvConfig:
    """The other transformers are as wide as that of the sound.

    They have ten layers together: with that the small size has as many parameters as its file has numbers.
    """
    return PeAvConfig(audio=audio, video=replace(audio, num_layers=4), joint=replace(audio, num_layers=6))


_SMALL = _published(TransformerConfig(dim=768, hidden_dim=2048, num_layers=12, num_heads=6))
_BASE = _published(TransformerConfig(dim=1024, hidden_dim=2752, num_layers=16, num_heads=8))
_LARGE = _published(TransformerConfig(dim=1792, hidden_dim=4800, num_layers=28, num_heads=14))


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How a published checkpoint is built and fed.

    Attributes:
        config: Its sizes, for building it without its files; a checkpoint that is here says them itself.
        num_frames: Frames that it sees, spread over the clip; None: all of them.
    """

    config: PeAvConfig
    num_frames: int | None


CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {
        f"pe-av-{size}{suffix}": Checkpoint(config=config, num_frames=num_frames)
        for suffix, num_frames in (("", None), ("-16-frame", 16))
        for size, config in (("small", _SMALL), ("base", _BASE), ("large", _LARGE))
    }
)
"""Catalog name -> what is inside."""


def checkpoint_name(name: str) -> str:
    """Return the catalog name of a checkpoint, from that itself or its name on the hub ("facebook/pe-av-large").

    Raises:
        UnknownNameError: No such checkpoint.
    """
    found = name.removeprefix("facebook/")
    if found not in CHECKPOINTS:
        raise UnknownNameError.among("PE-AV checkpoint", name, CHECKPOINTS)
    return found
