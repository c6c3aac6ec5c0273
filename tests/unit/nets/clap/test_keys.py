"""Three layouts of CLAP checkpoints, one network: every tensor arrives in its place or the file is refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.nets import clap
from avmeter.nets.clap import ClapConfig, MsClapConfig
from support import require
from support.checkpoints import published_keys
from support.clap_networks import SMALL, laion_shapes

require.package("transformers")


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("clap")


CONSTANTS = ("relative_position_index", "position_ids", "token_type_ids")


@pytest.mark.parametrize("with_constants", [True, False])
def test_official_checkpoint_loads_strictly_with_and_without_constants(
    official: dict[str, Tensor], with_constants: bool
) -> None:
    """Files written by any version of transformers load; a tensor that carries weights must be there."""
    state = {k: v for k, v in official.items() if with_constants or not k.endswith(CONSTANTS)}
    assert len(state) == (477 if with_constants else 463)
    net = clap.build(device="meta")
    clap.KEY_MAP.load(net, state, source="keys.json")
    with pytest.raises(WeightsError, match="missing"):
        clap.KEY_MAP.load(net, {k: v for k, v in state.items() if k != "logit_scale_a"}, source="damaged")


LAION_SIZES = {"laion-clap-630k-fused": 448, "laion-clap-630k": 418, "laion-clap-music-speech-audioset": 505}


@pytest.mark.parametrize("name", LAION_SIZES)
def test_laion_checkpoint_fills_every_tensor_of_the_network(name: str) -> None:
    """Full key set of LAION's code, with training heads and spectrogram layers: translated, it loads strictly."""
    config = clap.CHECKPOINTS[name].config
    shapes = laion_shapes(config.audio, config.text)
    assert len(shapes) == LAION_SIZES[name]
    state = {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
    translated = clap.LAION.translate(state)
    net = clap.build(config, device="meta")
    clap.KEY_MAP.load(net, translated, source=name)
    assert clap.LAION.translate({k.removeprefix("module."): v for k, v in state.items()}).keys() == translated.keys()
    lost = next(iter(net.state_dict()))
    with pytest.raises(WeightsError, match="missing"):
        clap.KEY_MAP.load(net, {k: v for k, v in translated.items() if k != lost}, source="damaged")


def test_laion_checkpoint_with_an_unknown_key_is_refused() -> None:
    """What the table does not know is passed on, and loading refuses it."""
    config = clap.CHECKPOINTS["laion-clap-630k"].config
    state = {k: torch.empty(s, device="meta") for k, s in laion_shapes(config.audio, config.text).items()}
    translated = clap.LAION.translate(state | {"module.audio_branch.extra": torch.empty(1, device="meta")})
    with pytest.raises(WeightsError, match="unexpected"):
        clap.KEY_MAP.load(clap.build(config, device="meta"), translated, source="odd")


@pytest.mark.parametrize("shape", [(), (2,), (4, 16)])
def test_fused_attention_that_is_not_three_parts_is_refused(shape: tuple[int, ...]) -> None:
    """A tensor that cannot be cut into query, key and value is a wrong file, named by its key and shape."""
    state = {key: torch.zeros(size) for key, size in laion_shapes(SMALL.audio, SMALL.text, SMALL.embedding_dim).items()}
    key = "module.audio_branch.layers.1.blocks.0.attn.qkv.weight"
    with pytest.raises(WeightsError, match=r"audio_branch\.layers\.1\.blocks\.0\.attn\.qkv\.weight") as caught:
        clap.LAION.translate({**state, key: torch.zeros(shape)})
    assert str(shape) in str(caught.value)


def test_two_tensors_for_one_place_are_refused() -> None:
    """With and without `module.`, or under the network's own name as well: which of them is meant is not guessed."""
    state = {key: torch.zeros(size) for key, size in laion_shapes(SMALL.audio, SMALL.text, SMALL.embedding_dim).items()}
    bare, own = "audio_branch.bn0.weight", "audio_model.audio_encoder.batch_norm.weight"
    for twice in (bare, own):
        with pytest.raises(WeightsError, match="twice"):
            clap.LAION.translate({**state, twice: torch.ones(64)})
        with pytest.raises(WeightsError, match="twice"):
            clap.LAION.translate({twice: torch.ones(64), **state})


def test_laion_values_arrive_in_the_right_places() -> None:
    """Fused attention rows go to query, key and value in that order; norms and projections keep their values."""
    shapes = laion_shapes(SMALL.audio, SMALL.text, SMALL.embedding_dim)
    state = {key: torch.randn(shape) for key, shape in shapes.items()}
    translated = clap.LAION.translate(state)
    fused = state["module.audio_branch.layers.1.blocks.0.attn.qkv.weight"]
    attention = "audio_model.audio_encoder.layers.1.blocks.0.attention"
    for i, part in enumerate(("query", "key", "value")):
        assert torch.equal(translated[f"{attention}.self.{part}.weight"], fused[16 * i : 16 * (i + 1)])
    pairs = {
        "audio_branch.layers.1.blocks.0.attn.proj.weight": f"{attention}.output.dense.weight",
        "audio_branch.layers.1.blocks.0.norm1.bias": attention.replace("attention", "layernorm_before.bias"),
        "audio_branch.layers.1.blocks.0.norm2.bias": attention.replace("attention", "layernorm_after.bias"),
        "audio_branch.bn0.running_mean": "audio_model.audio_encoder.batch_norm.running_mean",
        "text_projection.2.weight": "text_projection.linear2.weight",
        "text_branch.encoder.layer.1.output.LayerNorm.bias": "text_model.encoder.layer.1.output.LayerNorm.bias",
    }
    for laion, own in pairs.items():
        assert torch.equal(translated[own], state[f"module.{laion}"])


def test_other_layout_is_not_translated(official: dict[str, Tensor]) -> None:
    """A file that is in the transformers layout already is an error, not an empty result."""
    with pytest.raises(WeightsError, match="audio_branch"):
        clap.LAION.translate(official)


MASKS = tuple(f"caption_encoder.base.h.{i}.attn.{mask}" for i in range(12) for mask in ("bias", "masked_bias"))


@pytest.mark.parametrize("with_constants", [True, False])
def test_microsofts_checkpoint_loads_strictly_with_and_without_constants(with_constants: bool) -> None:
    """All 381 tensors of the file, or those that carry weights; any of these must be there, and no other."""
    state = published_keys("msclap")
    assert len(state) == 381
    if not with_constants:
        unused = ("relative_position_index", "attn_mask", "melW", "logit_scale", *MASKS)
        state = {k: v for k, v in state.items() if not k.endswith(unused)}
    net = clap.build(MsClapConfig(), device="meta")
    translated = clap.MICROSOFT.translate(state)
    clap.KEY_MAP.load(net, translated, source="keys.json")
    for lost in ("text_model.wpe.weight", "audio_projection.layer_norm.bias", "audio_model.audio_encoder.norm.weight"):
        with pytest.raises(WeightsError, match="missing"):
            clap.KEY_MAP.load(net, {k: v for k, v in translated.items() if k != lost}, source="damaged")
    for extra in ("caption_encoder.base.h.12.ln_1.weight", "audio_encoder.base.htsat.extra", "caption_encoder.bias"):
        odd = clap.MICROSOFT.translate(state | {extra: torch.empty(1, device="meta")})
        with pytest.raises(WeightsError, match="unexpected"):
            clap.KEY_MAP.load(net, odd, source="odd")


def test_microsofts_values_arrive_in_the_right_places() -> None:
    """Both towers keep their own names for attention; projections are not mixed up."""
    state = {key: torch.randn(value.shape) for key, value in published_keys("msclap_tiny").items() if key not in MASKS}
    translated = clap.MICROSOFT.translate(state)
    htsat, attention = "audio_encoder.base.htsat", "audio_model.audio_encoder.layers.1.blocks.0.attention"
    fused = state[f"{htsat}.layers.1.blocks.0.attn.qkv.bias"]
    for i, part in enumerate(("query", "key", "value")):
        assert torch.equal(translated[f"{attention}.self.{part}.bias"], fused[32 * i : 32 * (i + 1)])
    pairs = {
        f"{htsat}.layers.1.blocks.0.attn.proj.weight": f"{attention}.output.dense.weight",
        f"{htsat}.bn0.running_var": "audio_model.audio_encoder.batch_norm.running_var",
        "audio_encoder.projection.linear2.weight": "audio_projection.linear2.weight",
        "caption_encoder.projection.linear2.weight": "text_projection.linear2.weight",
        "caption_encoder.base.h.1.attn.c_attn.weight": "text_model.h.1.attn.c_attn.weight",
    }
    for microsoft, own in pairs.items():
        assert torch.equal(translated[own], state[microsoft])


def test_file_of_another_family_is_refused(official: dict[str, Tensor]) -> None:
    """A file of the transformers layout, or of LAION's, is no checkpoint of Microsoft's."""
    config = clap.CHECKPOINTS["laion-clap-630k"].config
    assert isinstance(config, ClapConfig)
    laion = {k: torch.empty(s, device="meta") for k, s in laion_shapes(config.audio, config.text).items()}
    for state in (official, laion):
        with pytest.raises(WeightsError, match="Microsoft's layout"):
            clap.MICROSOFT.translate(state)
    with pytest.raises(WeightsError, match="LAION's layout"):
        clap.LAION.translate(published_keys("msclap"))
