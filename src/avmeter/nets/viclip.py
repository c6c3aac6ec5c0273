"""ViCLIP: videos of eight frames and texts in one embedding space.

Paper: Wang et al., "InternVid: A Large-scale Video-Text Dataset for Multimodal Understanding and Generation", ICLR 2024
(arXiv 2307.06942). Published code: github.com/OpenGVLab/InternVideo and, with the checkpoint that VBench uses,
github.com/Vchitect/VBench (`vbench/third_party/ViCLIP`), Apache-2.0; `ViClip-InternVid-10M-FLT.pth`, 428 million
parameters.

    pixels (B, 8, 3, 224, 224)                           ids (B, 32)
      | patches of 14 x 14, positions in the frame and    | CLIP's text tower
      | in time; in front: the class token                |
    (B, 1 + 256 * 8, 1024)                                |
      | LayerNorm, 24 pre-norm blocks over all frames     |
      | class token, LayerNorm, projection                |
    (B, 768), of any length                             (B, 768), of any length

Shapes: B batch, T frames, N patches of a frame, L tokens, D width, E embedding.

Differs from the published code: nothing of training (masking, dropout) is here, attention is fused, and the last block
of videos is computed for the class token alone, the only one read. None of it changes the function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from avmeter.nets.clip import BLOCK_RULES, TEXT_RULES, TextTower, Tower
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.multi_head import TowerConfig

TOWERS = ("video", "text")
"""The towers that can be built."""
NUM_FRAMES = 8
CONTEXT_LENGTH = 32  # tokens, begin and end included


@dataclass(frozen=True, kw_only=True)
class ViClipConfig:
    """Sizes of the network; the defaults are those of ViCLIP-L.

    Attributes:
        towers: Which of `TOWERS` to build.
        embedding_dim: Width E of the shared space.
        video: Transformer over all frames.
        text: Text transformer.
        image_size: Height and width of a frame, pixels.
        patch_size: Height and width of a patch, pixels.
        num_frames: Frames T of a video.
        context_length: Tokens of a text.
        vocab_size: Number of token ids.
        attention_dtype: Type of queries, keys and values within attention; None leaves them as they are.
    """

    towers: tuple[str, ...] = TOWERS
    embedding_dim: int = 768
    video: TowerConfig = TowerConfig(dim=1024, depth=24, num_heads=16)
    text: TowerConfig = TowerConfig(dim=768, depth=12, num_heads=12)
    image_size: int = 224
    patch_size: int = 14
    num_frames: int = NUM_FRAMES
    context_length: int = CONTEXT_LENGTH
    vocab_size: int = 49408
    attention_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if not self.towers or set(self.towers) - set(TOWERS):
            raise ValueError(f"towers must be some of {', '.join(TOWERS)}, got {self.towers}")


class VideoTower(Tower):
    """Videos to embeddings."""

    def __init__(self, config: ViClipConfig) -> None:
        super().__init__(config.video, config.embedding_dim, dtype=config.attention_dtype)
        dim, size = config.video.dim, config.patch_size
        self.patches = nn.Conv3d(3, dim, (1, size, size), stride=(1, size, size), bias=False)
        self.class_token = nn.Parameter(torch.empty(dim))
        self.positions = nn.Parameter(torch.empty(1 + (config.image_size // size) ** 2, dim))
        self.times = nn.Parameter(torch.empty(1, config.num_frames, dim))
        self.pre_norm = nn.LayerNorm(dim)

    def embed(self, pixels: Tensor) -> Tensor:
        """Return what the first block reads: pixels (B, T, 3, height, width) to tokens (B, 1 + N * T, D).

        All frames of the first patch come first, then those of the next.
        """
        patches = self.patches(pixels.transpose(1, 2)).flatten(3).permute(0, 3, 2, 1)
        patches = patches + self.positions[1:, None] + self.times[:, None]
        class_token = (self.class_token + self.positions[0]).expand(len(pixels), 1, -1)
        tokens: Tensor = self.pre_norm(torch.cat((class_token, patches.flatten(1, 2)), dim=1))
        return tokens

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, T, 3, height, width) to (B, E)."""
        return self.project(self.encode_first(self.embed(pixels)))


class ViClip(nn.Module):
    """The towers that `config.towers` names, as attributes of those names with `_tower` behind."""

    def __init__(self, config: ViClipConfig) -> None:
        super().__init__()
        self.config = config
        if "video" in config.towers:
            self.video_tower = VideoTower(config)
        if "text" in config.towers:
            self.text_tower = TextTower(
                config.text,
                config.embedding_dim,
                context_length=config.context_length,
                vocab_size=config.vocab_size,
                dtype=config.attention_dtype,
            )

    def video(self, pixels: Tensor) -> Tensor:
        """Embeddings of videos.

        Args:
            pixels: (B, 8, 3, 224, 224), RGB, normalised with CLIP's mean and deviation.

        Returns:
            (B, 768), float32, of no particular length.
        """
        return cast(Tensor, self.video_tower(pixels))

    def text(self, ids: Tensor) -> Tensor:
        """Embeddings of texts.

        Args:
            ids: (B, 32), int64, CLIP's byte-pair tokens, zeros behind the end-of-text token.

        Returns:
            (B, 768), float32, of no particular length.
        """
        return cast(Tensor, self.text_tower(ids))


_RULES = (
    *BLOCK_RULES,
    *TEXT_RULES,
    (r"^video_tower\.patches\.", "vision_encoder.conv1."),
    (r"^video_tower\.class_token$", "vision_encoder.class_embedding"),
    (r"^video_tower\.positions$", "vision_encoder.positional_embedding"),
    (r"^video_tower\.times$", "vision_encoder.temporal_positional_embedding"),
    (r"^video_tower\.pre_norm\.", "vision_encoder.ln_pre."),
    (r"^video_tower\.head_norm\.", "vision_encoder.ln_post."),
    (r"^video_tower\.projection$", "vision_encoder.proj"),
    (r"^video_tower\.", "vision_encoder."),
    (r"^text_tower\.", "text_encoder."),
)
_OF_TOWER = {"video": r"vision_encoder\..*", "text": r"text_encoder\..*"}


def key_map(towers: tuple[str, ...] = TOWERS) -> KeyMap:
    """Return the key table of a network built with these towers; the other tower's keys count as unused."""
    absent = (pattern for tower, pattern in _OF_TOWER.items() if tower not in towers)
    return KeyMap(rules=_RULES, unused=("temp", *absent))  # the temperature of training's loss


KEY_MAP = key_map()
"""The key table of the whole network."""


def build(config: ViClipConfig | None = None, *, device: torch.device | str = "cpu") -> ViClip:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: ViClip(config or ViClipConfig()), device=device)
