"""ImageBind: video, sound and text in one embedding space.

Paper: Girdhar et al., "ImageBind: One Embedding Space To Bind Them All", CVPR 2023 (arXiv
2305.05665). Published code and weights: github.com/facebookresearch/ImageBind, CC-BY-NC-SA-4.0
(non-commercial); checkpoint `imagebind_huge.pth`, 1.2 billion parameters in six towers.

    pixels (B, 3, 2, 224, 224)     mel (B, 1, 128, 204)       ids (B, 77)
      | 257 tokens, 32 blocks        | 229 tokens, 12 blocks    | 77 tokens, 24 causal blocks
      | CLS                          | CLS                      | end-of-text token
    (B, 1024), length 1            (B, 1024), length 20       (B, 1024), length = learned scale

Depth, thermal and IMU are not built. Each of the other towers can be built and loaded alone.

Shapes: B batch, L tokens, D width, H heads, E embedding.

Differs from the published code: attention is fused, and the last block of vision and audio is
computed for the CLS token alone, the only one read. Both leave the function unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.multi_head import Attention, TowerConfig

if TYPE_CHECKING:
    from avmeter.nets.fused.encoder import BlockParts, FusedEncoder

TOWERS = ("vision", "audio", "text")
"""The towers that can be built."""

_LAYER_NORM_EPS = 1e-6
_MAX_LOGIT_SCALE = 100.0


@dataclass(frozen=True, kw_only=True)
class ImageBindConfig:
    """Sizes of the network; the defaults are those of `imagebind_huge`.

    Attributes:
        towers: Which of `TOWERS` to build.
        embedding_dim: Width E of the shared space.
        vision: Vision transformer.
        audio: Audio transformer.
        text: Text transformer.
        num_frames: Frames of one clip.
        image_size: Height and width, pixels.
        patch_size: Height and width of a patch of a frame, pixels; it spans all frames.
        num_mels: Mel bands.
        num_mel_frames: Mel frames of one clip.
        mel_patch_size: Height and width of a mel patch.
        mel_patch_stride: Step between mel patches, both ways.
        context_length: Tokens of a text.
        vocab_size: Number of token ids.
        attention_dtype: Type of queries, keys and values within attention; None leaves them as they
            are. `torch.float16` beside TF32 matrix products keeps their 10 bits of mantissa, and its
            kernels take a third of float32's time.
    """

    towers: tuple[str, ...] = ("vision", "audio")
    embedding_dim: int = 1024
    vision: TowerConfig = TowerConfig(dim=1280, depth=32, num_heads=16)
    audio: TowerConfig = TowerConfig(dim=768, depth=12, num_heads=12)
    text: TowerConfig = TowerConfig(dim=1024, depth=24, num_heads=16)
    num_frames: int = 2
    image_size: int = 224
    patch_size: int = 14
    num_mels: int = 128
    num_mel_frames: int = 204
    mel_patch_size: int = 16
    mel_patch_stride: int = 10
    context_length: int = 77
    vocab_size: int = 49408
    attention_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if not self.towers or set(self.towers) - set(TOWERS):
            raise ValueError(f"towers must be some of {', '.join(TOWERS)}, got {self.towers}")
        if self.image_size % self.patch_size:
            raise ValueError(f"patches of {self.patch_size} do not tile {self.image_size} pixels")

    @property
    def num_image_patches(self) -> int:
        """Patches of one clip's frames."""
        return (self.image_size // self.patch_size) ** 2

    @property
    def num_mel_patches(self) -> int:
        """Patches of one clip's mel."""
        size, stride = self.mel_patch_size, self.mel_patch_stride
        return ((self.num_mels - size) // stride + 1) * ((self.num_mel_frames - size) // stride + 1)


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self, config: TowerConfig, *, bias_kv: bool, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.attn = Attention(config, bias_kv=bias_kv, dtype=dtype)
        self.norm_1 = nn.LayerNorm(config.dim, eps=_LAYER_NORM_EPS)
        self.mlp = Mlp(config.dim)
        self.norm_2 = nn.LayerNorm(config.dim, eps=_LAYER_NORM_EPS)

    def forward(self, x: Tensor, *, causal: bool = False) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        return self._mlp(x + self.attn(self.norm_1(x), causal=causal))

    def first(self, x: Tensor) -> Tensor:
        """Output for the first token alone: (B, L, D) to (B, 1, D)."""
        return self._mlp(x[:, :1] + self.attn.first(self.norm_1(x)))

    def parts(self) -> BlockParts:
        """Return the parameters as fused kernels name them."""
        from avmeter.nets.fused.encoder import BlockParts

        attention = self.attn
        return BlockParts(
            attention_norm=self.norm_1,
            qkv_weight=attention.in_proj_weight,
            qkv_bias=attention.in_proj_bias,
            out=attention.out_proj,
            mlp_norm=self.norm_2,
            fc1=self.mlp.fc1,
            fc2=self.mlp.fc2,
            num_heads=attention.num_heads,
            more_keys=None if attention.bias_k is None else attention.bias_k.flatten(),
            more_values=None if attention.bias_v is None else attention.bias_v.flatten(),
        )

    def _mlp(self, x: Tensor) -> Tensor:
        mlp: Tensor = self.mlp(self.norm_2(x))
        return x + mlp


class Tower(nn.Module):
    """What all towers share: blocks, and a projection of one token to the embedding space."""

    def __init__(self, config: ImageBindConfig, tower: TowerConfig, *, bias_kv: bool = False) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(tower, bias_kv=bias_kv, dtype=config.attention_dtype) for _ in range(tower.depth)
        )
        self.head_norm = nn.LayerNorm(tower.dim, eps=_LAYER_NORM_EPS)
        self.head = nn.Linear(tower.dim, config.embedding_dim, bias=False)
        self.fused: FusedEncoder | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        from avmeter.nets.fused.encoder import FusedEncoder

        self.fused = FusedEncoder((cast(Block, block).parts() for block in self.blocks), dtype=dtype)

    def encode_first(self, x: Tensor) -> Tensor:
        """Tokens (B, L, D) to the last block's first token (B, D)."""
        if self.fused is not None:
            return self.fused(x, num_tokens=1)[:, 0]
        *body, last = self.blocks
        for block in body:
            x = block(x)
        return cast(Block, last).first(x)[:, 0]

    def project(self, token: Tensor) -> Tensor:
        """Token (B, D) to an embedding (B, E) of length 1, float32."""
        projected: Tensor = self.head(self.head_norm(token))
        return F.normalize(projected.float(), dim=-1)


class VisionTower(Tower):
    """Pairs of frames to embeddings of length 1."""

    def __init__(self, config: ImageBindConfig) -> None:
        tower = config.vision
        super().__init__(config, tower)
        kernel = (config.num_frames, config.patch_size, config.patch_size)
        self.patches = nn.Conv3d(3, tower.dim, kernel, stride=kernel, bias=False)
        self.cls_token = nn.Parameter(torch.empty(1, 1, tower.dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + config.num_image_patches, tower.dim))
        self.pre_norm = nn.LayerNorm(tower.dim, eps=_LAYER_NORM_EPS)

    def embed(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, frames, height, width) to tokens (B, L, D)."""
        b, c, t, h, w = pixels.shape
        size = self.patches.kernel_size[1]
        # A convolution whose stride is its kernel is one matrix product.
        x = pixels.reshape(b, c, t, h // size, size, w // size, size)
        x = x.permute(0, 3, 5, 1, 2, 4, 6).flatten(3).flatten(1, 2)
        x = F.linear(x, self.patches.weight.flatten(1))
        x = torch.cat([self.cls_token.to(x.dtype).expand(b, -1, -1), x], dim=1)
        tokens: Tensor = self.pre_norm(x + self.pos_embed)
        return tokens

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, frames, height, width) to (B, E)."""
        return self.project(self.encode_first(self.embed(pixels)))


class LogitScale(nn.Module):
    """Multiplies an embedding by its tower's scale, 100 at most."""

    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.empty(()))

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, E) to (B, E)."""
        return embedding * self.log_logit_scale.float().exp().clamp(max=_MAX_LOGIT_SCALE)


class AudioTower(Tower):
    """Mels of two seconds to embeddings whose length is the tower's logit scale."""

    def __init__(self, config: ImageBindConfig) -> None:
        tower = config.audio
        super().__init__(config, tower, bias_kv=True)
        size, stride = config.mel_patch_size, config.mel_patch_stride
        self.patches = nn.Conv2d(1, tower.dim, size, stride=stride, bias=False)
        self.patch_norm = nn.LayerNorm(tower.dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, tower.dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + config.num_mel_patches, tower.dim))
        self.scale = LogitScale()

    def embed(self, mel: Tensor) -> Tensor:
        """Mel (B, 1, bands, frames) to tokens (B, L, D), bands before frames."""
        x: Tensor = self.patch_norm(self.patches(mel).flatten(2).transpose(1, 2))
        x = torch.cat([self.cls_token.to(x.dtype).expand(len(x), -1, -1), x], dim=1)
        return x + self.pos_embed

    def forward(self, mel: Tensor) -> Tensor:
        """Mel (B, 1, bands, frames) to (B, E)."""
        embedding: Tensor = self.scale(self.project(self.encode_first(self.embed(mel))))
        return embedding


class TextTower(Tower):
    """CLIP token ids to embeddings whose length is the tower's logit scale."""

    def __init__(self, config: ImageBindConfig) -> None:
        tower = config.text
        super().__init__(config, tower)
        self.token_embedding = nn.Embedding(config.vocab_size, tower.dim)
        self.pos_embed = nn.Parameter(torch.empty(1, config.context_length, tower.dim))
        self.scale = LogitScale()

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (B, L) to (B, E). The end-of-text id is the largest, so its place is the argmax."""
        x = self.token_embedding(ids) + self.pos_embed
        for block in self.blocks:
            x = block(x, causal=True)
        rows = torch.arange(len(ids), device=ids.device)
        embedding: Tensor = self.scale(self.project(x[rows, ids.argmax(dim=-1)]))
        return embedding


class ImageBind(nn.Module):
    """The towers that `config.towers` names, as attributes of those names with `_tower` behind.

    There is no `forward`: each tower is called by its own method, and embeddings of several clips or crops
    are averaged by the caller, without normalising again.
    """

    def __init__(self, config: ImageBindConfig) -> None:
        super().__init__()
        self.config = config
        if "vision" in config.towers:
            self.vision_tower = VisionTower(config)
        if "audio" in config.towers:
            self.audio_tower = AudioTower(config)
        if "text" in config.towers:
            self.text_tower = TextTower(config)

    def fuse(self, dtype: torch.dtype) -> None:
        """Encode sound and video by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        for tower in self.children():
            if not isinstance(tower, TextTower):
                cast(Tower, tower).fuse(dtype)

    def vision(self, pixels: Tensor) -> Tensor:
        """Embeddings of pairs of frames.

        Args:
            pixels: (B, 3, 2, 224, 224), RGB, normalised with CLIP's mean and deviation.

        Returns:
            (B, 1024), float32, of length 1.
        """
        embedding: Tensor = self.vision_tower(pixels)
        return embedding

    def audio(self, mel: Tensor) -> Tensor:
        """Embeddings of two seconds of sound.

        Args:
            mel: (B, 1, 128, 204), bands before frames, normalised log mel.

        Returns:
            (B, 1024), float32; the length is the logit scale, 20 in the published checkpoint.
        """
        embedding: Tensor = self.audio_tower(mel)
        return embedding

    def text(self, ids: Tensor) -> Tensor:
        """Embeddings of texts.

        Args:
            ids: (B, 77), int64, CLIP's byte-pair tokens, zero-padded behind the end-of-text token.

        Returns:
            (B, 1024), float32; the length is the learned logit scale.
        """
        embedding: Tensor = self.text_tower(ids)
        return embedding


_RULES = (
    (r"^(vision|audio)_tower\.cls_token$", r"modality_preprocessors.\1.cls_token"),
    (r"^(vision|audio)_tower\.pos_embed$", r"modality_preprocessors.\1.pos_embedding_helper.pos_embed"),
    (r"^text_tower\.(pos_embed|token_embedding\.weight)$", r"modality_preprocessors.text.\1"),
    (r"^vision_tower\.patches\.", "modality_preprocessors.vision.rgbt_stem.proj.1."),
    (r"^audio_tower\.patches\.", "modality_preprocessors.audio.rgbt_stem.proj."),
    (r"^audio_tower\.patch_norm\.", "modality_preprocessors.audio.rgbt_stem.norm_layer."),
    (r"^vision_tower\.pre_norm\.", "modality_trunks.vision.pre_transformer_layer.0."),
    (r"^(\w+)_tower\.blocks\.", r"modality_trunks.\1.blocks."),
    (r"^text_tower\.head_norm\.", "modality_heads.text.proj.0."),
    (r"^text_tower\.head\.", "modality_heads.text.proj.1."),
    (r"^(\w+)_tower\.head_norm\.", r"modality_heads.\1.0."),
    (r"^(\w+)_tower\.head\.", r"modality_heads.\1.2."),
    (r"^(\w+)_tower\.scale\.", r"modality_postprocessors.\1.1."),
)

# The causal mask is a fact of the network, not a weight.
_TEXT_MASK = r"modality_preprocessors\.text\.mask"


def key_map(towers: tuple[str, ...] = ("vision", "audio")) -> KeyMap:
    """Return the key table of a network built with these towers; the other towers' keys count as unused."""
    absent = (tower for tower in (*TOWERS, "depth", "thermal", "imu") if tower not in towers)
    patterns = (rf"modality_(preprocessors|trunks|heads|postprocessors)\.{tower}\..*" for tower in absent)
    return KeyMap(rules=_RULES, unused=(_TEXT_MASK, *patterns))


KEY_MAP = key_map()
"""Return the key table of vision and audio, what the default configuration builds."""


def build(config: ImageBindConfig | None = None, *, device: torch.device | str = "cpu") -> ImageBind:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: ImageBind(config or ImageBindConfig()), device=device)
