"""ImageBind at small size: building, loading, batching, the text tower."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from avmeter.nets import imagebind
from avmeter.nets.imagebind import TOWERS, ImageBind, ImageBindConfig
from avmeter.nets.multi_head import TowerConfig
from support import require
from support.checkpoints import published_keys, unread_keys

SMALL = ImageBindConfig(
    towers=TOWERS,
    embedding_dim=12,
    vision=TowerConfig(dim=32, depth=2, num_heads=4),
    audio=TowerConfig(dim=24, depth=2, num_heads=2),
    text=TowerConfig(dim=16, depth=2, num_heads=2),
    image_size=28,
    num_mels=36,
    num_mel_frames=46,
    context_length=9,
    vocab_size=50,
)


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("imagebind")


@pytest.fixture
def net() -> ImageBind:
    net = imagebind.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.2 * torch.randn(value.shape, generator=generator))
    return net


def load_on_meta(towers: tuple[str, ...], official: dict[str, Tensor]) -> ImageBind:
    net = imagebind.build(ImageBindConfig(towers=towers), device="meta")
    imagebind.key_map(towers).load(net, official, source="keys.json")
    return net


@pytest.mark.parametrize(
    "towers", [("vision", "audio"), TOWERS, *((tower,) for tower in TOWERS)], ids=lambda towers: "+".join(towers)
)
def test_official_checkpoint_loads_strictly_whole_and_in_towers(
    official: dict[str, Tensor], towers: tuple[str, ...]
) -> None:
    """Every official key has a place in the network or belongs to a tower that was not asked for."""
    net = load_on_meta(towers, official)
    key_map = imagebind.key_map(towers)
    assert unread_keys(key_map, net, official) == {key for key in official if key_map.is_unused(key)}


@torch.no_grad()
def test_embeddings_do_not_depend_on_the_rest_of_the_batch(net: ImageBind) -> None:
    """An input has the same embedding alone and among others."""
    pixels, mel = torch.randn(3, 3, 2, 28, 28), torch.randn(3, 1, 36, 46)
    ids = torch.tensor([[48, 3, 49, 0, 0, 0, 0, 0, 0], [48, 3, 5, 7, 8, 49, 0, 0, 0]])
    for tower, batch in ((net.vision, pixels), (net.audio, mel), (net.text, ids)):
        embeddings = tower(batch)
        assert embeddings.shape == (len(batch), 12)
        torch.testing.assert_close(tower(batch[1:2]), embeddings[1:2])


@torch.no_grad()
def test_embeddings_have_the_length_of_their_logit_scale(net: ImageBind) -> None:
    """Vision has length 1, audio its scale, and no scale goes above 100."""
    scale = net.audio_tower.scale.log_logit_scale
    mel = torch.randn(2, 1, 36, 46)
    torch.testing.assert_close(net.vision(torch.randn(2, 3, 2, 28, 28)).norm(dim=-1), torch.ones(2))
    scale.fill_(math.log(20))
    torch.testing.assert_close(net.audio(mel).norm(dim=-1), torch.full((2,), 20.0))
    scale.fill_(math.log(500))
    torch.testing.assert_close(net.audio(mel).norm(dim=-1), torch.full((2,), 100.0))


@torch.no_grad()
def test_text_tower_is_a_clip_text_model(net: ImageBind) -> None:
    """Causal blocks, the end-of-text token and the projection agree with an independent implementation."""
    transformers = require.package("transformers")
    config = transformers.CLIPTextConfig(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=64,
        projection_dim=12,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=9,
        hidden_act="gelu",
        layer_norm_eps=1e-6,
        eos_token_id=2,  # the library's sign for "the largest id ends the text"
    )
    reference = transformers.CLIPTextModelWithProjection(config).eval()
    tower = net.text_tower
    dim = 16
    state = {
        "embeddings.token_embedding.weight": tower.token_embedding.weight,
        "embeddings.position_embedding.weight": tower.pos_embed[0],
        "final_layer_norm.weight": tower.head_norm.weight,
        "final_layer_norm.bias": tower.head_norm.bias,
    }
    for i, block in enumerate(tower.blocks):
        prefix = f"encoder.layers.{i}."
        for j, name in enumerate(("q_proj", "k_proj", "v_proj")):
            rows = slice(dim * j, dim * (j + 1))
            state[f"{prefix}self_attn.{name}.weight"] = block.attn.in_proj_weight[rows]
            state[f"{prefix}self_attn.{name}.bias"] = block.attn.in_proj_bias[rows]
        for name, module in (
            ("self_attn.out_proj", block.attn.out_proj),
            ("layer_norm1", block.norm_1),
            ("layer_norm2", block.norm_2),
            ("mlp.fc1", block.mlp.fc1),
            ("mlp.fc2", block.mlp.fc2),
        ):
            state[f"{prefix}{name}.weight"], state[f"{prefix}{name}.bias"] = module.weight, module.bias
    state = {f"text_model.{name}": value for name, value in state.items()}
    state["text_projection.weight"] = tower.head.weight
    reference.load_state_dict(state)
    tower.scale.log_logit_scale.fill_(0.0)
    ids = torch.tensor([[48, 3, 49, 0, 0, 0, 0, 0, 0], [48, 3, 5, 7, 8, 49, 0, 0, 0]])
    expected = torch.nn.functional.normalize(reference(input_ids=ids).text_embeds, dim=-1)
    torch.testing.assert_close(net.text(ids), expected)


@torch.no_grad()
def test_attention_in_half_precision_leaves_the_rest_in_float32(net: ImageBind) -> None:
    """`attention_dtype` changes embeddings by rounding only."""
    rough = imagebind.build(replace(SMALL, attention_dtype=torch.float16))
    rough.load_state_dict(net.state_dict())
    pixels, mel = torch.randn(2, 3, 2, 28, 28), torch.randn(2, 1, 36, 46)
    for exact, embedding in ((net.vision(pixels), rough.vision(pixels)), (net.audio(mel), rough.audio(mel))):
        assert 0 < (embedding - exact).norm() < 2e-3 * exact.norm()


@torch.no_grad()
def test_half_precision_stays_near_float32(net: ImageBind) -> None:
    """Weights in bfloat16 give float32 embeddings of about the same direction."""
    pixels, mel = torch.randn(2, 3, 2, 28, 28), torch.randn(2, 1, 36, 46)
    exact = net.vision(pixels), net.audio(mel)
    net.to(torch.bfloat16)
    rough = net.vision(pixels.bfloat16()), net.audio(mel.bfloat16())
    for a, b in zip(exact, rough, strict=True):
        assert b.dtype == torch.float32
        assert torch.cosine_similarity(a, b).min() > 0.999


def test_tower_that_was_not_asked_for_is_not_built() -> None:
    """The default network holds vision and audio alone."""
    names = {name.split(".")[0] for name in imagebind.build(replace(SMALL, towers=("vision", "audio"))).state_dict()}
    assert names == {"vision_tower", "audio_tower"}


@pytest.mark.parametrize("wrong", [{"towers": ()}, {"towers": ("depth",)}, {"image_size": 225}])
def test_sizes_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    """A configuration is checked at birth."""
    with pytest.raises(ValueError):
        replace(SMALL, **wrong)  # type: ignore[arg-type]
