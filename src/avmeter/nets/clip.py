"""CLIP: images and texts in one embedding space.

Paper: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021 (arXiv
2103.00020). Published code and weights: github.com/openai/CLIP, MIT; checkpoints `ViT-B-32.pt` (151 million parameters)
and `ViT-L-14.pt` (428 million), half of whose precision is that of float16.

    pixels (B, 3, 224, 224)                      ids (B, 77)
      | patches of 32 x 32 or 14 x 14              | tokens and positions
      | class token, positions, LayerNorm          |
      | pre-norm blocks                            | causal pre-norm blocks
      | class token, LayerNorm, projection         | LayerNorm, end-of-text token, projection
    (B, E), of any length                        (B, E), of any length

Shapes: B batch, L tokens, D width, E embedding.

Differs from the published code: attention is fused, and the last block of images is computed for the class token alone,
the only one read. Neither changes the function. The published program computes in float16 on a GPU; here the precision
is that of the runtime.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.multi_head import Attention, TowerConfig

TOWERS = ("image", "text")
"""The towers that can be built."""

_GELU_SLOPE = 1.702


@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """Sizes of the network; the defaults are those of ViT-B/32.

    Attributes:
        towers: Which of `TOWERS` to build.
        embedding_dim: Width E of the shared space.
        image: Vision transformer.
        text: Text transformer.
        image_size: Height and width, pixels.
        patch_size: Height and width of a patch, pixels.
        context_length: Tokens of a text.
        vocab_size: Number of token ids.
        attention_dtype: Type of queries, keys and values within attention; None leaves them as they are.
    """

    towers: tuple[str, ...] = TOWERS
    embedding_dim: int = 512
    image: TowerConfig = TowerConfig(dim=768, depth=12, num_heads=12)
    text: TowerConfig = TowerConfig(dim=512, depth=12, num_heads=8)
    image_size: int = 224
    patch_size: int = 32
    context_length: int = 77
    vocab_size: int = 49408
    attention_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if not self.towers or set(self.towers) - set(TOWERS):
            raise ValueError(f"towers must be some of {', '.join(TOWERS)}, got {self.towers}")

    @property
    def num_patches(self) -> int:
        """Patches of one image."""
        return (self.image_size // self.patch_size) ** 2


VIT_B_32 = ClipConfig()
VIT_L_14 = ClipConfig(
    embedding_dim=768,
    image=TowerConfig(dim=1024, depth=24, num_heads=16),
    text=TowerConfig(dim=768, depth=12, num_heads=12),
    patch_size=14,
)


class Mlp(nn.Module):
    """Two linear layers around x times the sigmoid of 1.702 x, which is nearly a GELU."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        hidden = self.fc1(x)
        out: Tensor = self.fc2(hidden * torch.sigmoid(_GELU_SLOPE * hidden))
        return out


class Block(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self, config: TowerConfig, *, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.attn = Attention(config, dtype=dtype)
        self.norm_1 = nn.LayerNorm(config.dim)
        self.mlp = Mlp(config.dim)
        self.norm_2 = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor, *, causal: bool = False) -> Tensor:
        """(B, L, D) to (B, L, D)."""
        return self._mlp(x + self.attn(self.norm_1(x), causal=causal))

    def first(self, x: Tensor) -> Tensor:
        """Output for the first token alone: (B, L, D) to (B, 1, D)."""
        return self._mlp(x[:, :1] + self.attn.first(self.norm_1(x)))

    def _mlp(self, x: Tensor) -> Tensor:
        mlp: Tensor = self.mlp(self.norm_2(x))
        return x + mlp


class Tower(nn.Module):
    """What all towers share: blocks, and a projection of one token to the embedding space."""

    def __init__(self, config: TowerConfig, embedding_dim: int, *, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config, dtype=dtype) for _ in range(config.depth))
        self.head_norm = nn.LayerNorm(config.dim)
        self.projection = nn.Parameter(torch.empty(config.dim, embedding_dim))

    def encode_first(self, x: Tensor) -> Tensor:
        """Tokens (B, L, D) to the last block's first token (B, D)."""
        *body, last = self.blocks
        for block in body:
            x = block(x)
        return cast(Block, last).first(x)[:, 0]

    def project(self, token: Tensor) -> Tensor:
        """Token (B, D) to an embedding (B, E), float32."""
        projected: Tensor = self.head_norm(token) @ self.projection
        return projected.float()


class ImageTower(Tower):
    """Images to embeddings."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(config.image, config.embedding_dim, dtype=config.attention_dtype)
        dim = config.image.dim
        self.patches = nn.Conv2d(3, dim, config.patch_size, stride=config.patch_size, bias=False)
        self.class_token = nn.Parameter(torch.empty(dim))
        self.positions = nn.Parameter(torch.empty(1 + config.num_patches, dim))
        self.pre_norm = nn.LayerNorm(dim)

    def embed(self, pixels: Tensor) -> Tensor:
        """Return what the first block reads: pixels (B, 3, height, width) to tokens (B, L, D)."""
        patches = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat((self.class_token.expand(len(pixels), 1, -1), patches), dim=1)
        tokens: Tensor = self.pre_norm(x + self.positions)
        return tokens

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, height, width) to (B, E)."""
        return self.project(self.encode_first(self.embed(pixels)))


class TextTower(Tower):
    """CLIP's token ids to embeddings."""

    def __init__(
        self,
        config: TowerConfig,
        embedding_dim: int,
        *,
        context_length: int,
        vocab_size: int,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(config, embedding_dim, dtype=dtype)
        self.token_embedding = nn.Embedding(vocab_size, config.dim)
        self.positions = nn.Parameter(torch.empty(context_length, config.dim))

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (B, L) to (B, E). The end-of-text id is the largest, so its place is the argmax."""
        x = self.token_embedding(ids) + self.positions
        for block in self.blocks:
            x = block(x, causal=True)
        rows = torch.arange(len(ids), device=ids.device)
        return self.project(x[rows, ids.argmax(dim=-1)])


class Clip(nn.Module):
    """The towers that `config.towers` names, as attributes of those names with `_tower` behind."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        if "image" in config.towers:
            self.image_tower = ImageTower(config)
        if "text" in config.towers:
            self.text_tower = TextTower(
                config.text,
                config.embedding_dim,
                context_length=config.context_length,
                vocab_size=config.vocab_size,
                dtype=config.attention_dtype,
            )

    def image(self, pixels: Tensor) -> Tensor:
        """Embeddings of images.

        Args:
            pixels: (B, 3, 224, 224), RGB, normalised with CLIP's mean and deviation.

        Returns:
            (B, E), float32, of no particular length.
        """
        return cast(Tensor, self.image_tower(pixels))

    def text(self, ids: Tensor) -> Tensor:
        """Embeddings of texts.

        Args:
            ids: (B, 77), int64, CLIP's byte-pair tokens, zeros behind the end-of-text token.

        Returns:
            (B, E), float32, of no particular length.
        """
        return cast(Tensor, self.text_tower(ids))


BLOCK_RULES = (
    (r"\bblocks\.", "transformer.resblocks."),
    (r"\.norm_([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)
"""Own names of blocks -> official ones."""
TEXT_RULES = (
    (r"^text_tower\.positions$", "text_tower.positional_embedding"),
    (r"^text_tower\.head_norm\.", "text_tower.ln_final."),
    (r"^text_tower\.projection$", "text_tower.text_projection"),
)
"""Own names of the text tower -> official ones, without the tower's own name."""

_RULES = (
    *BLOCK_RULES,
    *TEXT_RULES,
    (r"^image_tower\.patches\.", "visual.conv1."),
    (r"^image_tower\.class_token$", "visual.class_embedding"),
    (r"^image_tower\.positions$", "visual.positional_embedding"),
    (r"^image_tower\.pre_norm\.", "visual.ln_pre."),
    (r"^image_tower\.head_norm\.", "visual.ln_post."),
    (r"^image_tower\.projection$", "visual.proj"),
    (r"^image_tower\.", "visual."),
    (r"^text_tower\.", ""),
)
_OF_TOWER = {
    "image": r"visual\..*",
    "text": r"(transformer|token_embedding|ln_final)\..*|positional_embedding|text_projection",
}
# The scale of logits, and what the archive says of itself.
_UNUSED = (r"logit_scale", r"(input_resolution|context_length|vocab_size)")


def key_map(towers: tuple[str, ...] = TOWERS) -> KeyMap:
    """Return the key table of a network built with these towers; the other tower's keys count as unused."""
    absent = (pattern for tower, pattern in _OF_TOWER.items() if tower not in towers)
    return KeyMap(rules=_RULES, unused=(*_UNUSED, *absent))


KEY_MAP = key_map()
"""The key table of the whole network."""


def build(config: ClipConfig | None = None, *, device: torch.device | str = "cpu") -> Clip:
    """Build the network as `empty_network` does; the default sizes are those of ViT-B/32."""
    return empty_network(lambda: Clip(config or ClipConfig()), device=device)
