"""CLAP: building, both layouts of its keys, tokens, and small networks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from avmeter.errors import MissingDependencyError, UnknownNameError, UsageError, WeightsError
from avmeter.nets import clap
from avmeter.nets.clap import (
    AudioTowerConfig,
    ClapConfig,
    DummyTokens,
    FileTokens,
    GptTowerConfig,
    MsClapConfig,
    TextTowerConfig,
)
from avmeter.nets.clap.ms import last_states
from support import require
from support.paths import KEYS

require.package("transformers")


SMALL = ClapConfig(
    audio=AudioTowerConfig(dim=8, depths=(2, 2), num_heads=(2, 4), num_mels=16, image_size=64, window_size=4),
    text=TextTowerConfig(vocabulary=300, dim=16, hidden_dim=32, num_layers=2, num_heads=2, num_positions=42),
    embedding_dim=12,
)


SMALL_MS = MsClapConfig(
    audio=AudioTowerConfig(
        fusion=False, dim=8, depths=(2, 2), num_heads=(2, 4), num_mels=16, image_size=64, window_size=4
    ),
    text=GptTowerConfig(vocabulary=300, dim=16, num_layers=2, num_heads=2, num_positions=42),
    embedding_dim=12,
)


def filled(net: Any) -> Any:
    generator = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator)
            value.copy_(noise.abs() + 0.5 if name.endswith("running_var") else 0.3 * noise)
    return net


@pytest.fixture(scope="module")
def net() -> Any:
    return filled(clap.build(SMALL))


def laion_shapes(
    audio: AudioTowerConfig, text: TextTowerConfig, embedding_dim: int = 512
) -> dict[str, tuple[int, ...]]:
    """Key -> shape of a checkpoint as LAION-AI/CLAP's modules name their tensors (commit 1fd4c37)."""
    shapes: dict[str, tuple[int, ...]] = {"logit_scale_a": (), "logit_scale_t": ()}

    def tensors(prefix: str, *shape: int, bias: bool = True) -> None:
        shapes[f"{prefix}.weight"] = shape
        if bias:
            shapes[f"{prefix}.bias"] = shape[:1]

    def batch_norm(prefix: str, size: int) -> None:
        tensors(prefix, size)
        shapes.update({f"{prefix}.running_mean": (size,), f"{prefix}.running_var": (size,)})
        shapes[f"{prefix}.num_batches_tracked"] = ()

    shapes.update(
        {f"audio_branch.spectrogram_extractor.stft.conv_{p}.weight": (513, 1, 1024) for p in ("real", "imag")}
    )
    shapes["audio_branch.logmel_extractor.melW"] = (513, 64)
    batch_norm("audio_branch.bn0", audio.num_mels)
    patch = "audio_branch.patch_embed"
    tensors(f"{patch}.proj", audio.dim, 1, audio.patch_size, audio.patch_size)
    tensors(f"{patch}.norm", audio.dim)
    if audio.fusion:
        tensors(f"{patch}.mel_conv2d", audio.dim, 1, audio.patch_size, 3 * audio.patch_size)
        for branch, first in (("local_att", 0), ("global_att", 1)):
            tensors(f"{patch}.fusion_model.{branch}.{first}", audio.dim // 4, audio.dim, 1, 1)
            batch_norm(f"{patch}.fusion_model.{branch}.{first + 1}", audio.dim // 4)
            tensors(f"{patch}.fusion_model.{branch}.{first + 3}", audio.dim, audio.dim // 4, 1, 1)
            batch_norm(f"{patch}.fusion_model.{branch}.{first + 4}", audio.dim)
    side = audio.image_size // audio.patch_size
    for i, (depth, heads) in enumerate(zip(audio.depths, audio.num_heads, strict=True)):
        dim, places = audio.dim << i, audio.window_size**2
        for j in range(depth):
            block = f"audio_branch.layers.{i}.blocks.{j}"
            tensors(f"{block}.norm1", dim)
            shapes[f"{block}.attn.relative_position_bias_table"] = ((2 * audio.window_size - 1) ** 2, heads)
            shapes[f"{block}.attn.relative_position_index"] = (places, places)
            tensors(f"{block}.attn.qkv", 3 * dim, dim)
            tensors(f"{block}.attn.proj", dim, dim)
            tensors(f"{block}.norm2", dim)
            tensors(f"{block}.mlp.fc1", 4 * dim, dim)
            tensors(f"{block}.mlp.fc2", dim, 4 * dim)
            if j % 2 and side >> i > audio.window_size:
                shapes[f"{block}.attn_mask"] = ((side >> i) ** 2 // places, places, places)
        if i < len(audio.depths) - 1:
            tensors(f"audio_branch.layers.{i}.downsample.reduction", 2 * dim, 4 * dim, bias=False)
            tensors(f"audio_branch.layers.{i}.downsample.norm", 4 * dim)
    tensors("audio_branch.norm", audio.output_dim)
    tensors("audio_branch.tscam_conv", 527, audio.output_dim, 2, 3)
    tensors("audio_branch.head", 527, 527)

    words = "text_branch.embeddings"
    shapes[f"{words}.position_ids"] = (1, text.num_positions)
    shapes[f"{words}.word_embeddings.weight"] = (text.vocabulary, text.dim)
    shapes[f"{words}.position_embeddings.weight"] = (text.num_positions, text.dim)
    shapes[f"{words}.token_type_embeddings.weight"] = (1, text.dim)
    tensors(f"{words}.LayerNorm", text.dim)
    for i in range(text.num_layers):
        layer = f"text_branch.encoder.layer.{i}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            tensors(f"{layer}.attention.{part}", text.dim, text.dim)
        tensors(f"{layer}.attention.output.LayerNorm", text.dim)
        tensors(f"{layer}.intermediate.dense", text.hidden_dim, text.dim)
        tensors(f"{layer}.output.dense", text.dim, text.hidden_dim)
        tensors(f"{layer}.output.LayerNorm", text.dim)
    tensors("text_branch.pooler.dense", text.dim, text.dim)
    for tower, dim in (("audio", audio.output_dim), ("text", text.dim)):
        tensors(f"{tower}_projection.0", embedding_dim, dim)
        tensors(f"{tower}_projection.2", embedding_dim, embedding_dim)
        for i in (0, 3):
            tensors(f"{tower}_transform.sequential.{i}", embedding_dim, embedding_dim)
    return {f"module.{key}": shape for key, shape in shapes.items()}


def published(name: str) -> dict[str, Tensor]:
    keys = json.loads((KEYS / f"{name}.keys.json").read_text())["keys"]
    return {key: torch.empty(entry["shape"], device="meta") for key, entry in keys.items()}


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published("clap")


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
    state = published("msclap")
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
    state = {key: torch.randn(value.shape) for key, value in published("msclap_tiny").items() if key not in MASKS}
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
        clap.LAION.translate(published("msclap"))


@pytest.mark.parametrize("name", clap.CHECKPOINTS)
def test_every_published_checkpoint_has_its_number_of_parameters(name: str) -> None:
    """153.5 M with HTSAT-tiny (the fused one has a little more), 193.9 M with HTSAT-base, 155.6 M with GPT-2."""
    config = clap.CHECKPOINTS[name].config
    count = sum(p.numel() for p in clap.build(config, device="meta").parameters())
    if isinstance(config, MsClapConfig):
        assert count == 155_648_408
        return
    tiny = 153_507_530 if config.audio.fusion else 153_492_890
    assert count == (tiny if config.audio.dim == 96 else 193_913_882)


def test_constants_are_those_of_an_ordinary_construction(net: Any) -> None:
    """Building without initialisation leaves no integer buffer undefined."""
    ordinary = type(net)(net.config)
    constants = {k: v for k, v in ordinary.named_buffers() if not v.is_floating_point()}
    built = dict(net.named_buffers())
    assert len(constants) == 4 + 2 + 5
    for name, value in constants.items():
        torch.testing.assert_close(built[name], value, rtol=0, atol=0)


def test_building_draws_no_random_numbers() -> None:
    """The global generator is where it was."""
    before = torch.get_rng_state()
    clap.build(SMALL)
    assert torch.equal(before, torch.get_rng_state())


@torch.no_grad()
def test_fusion_is_decided_clip_by_clip(net: Any) -> None:
    """A clip's embedding depends on its own flag only, and has length 1."""
    features = torch.randn(3, 4, 250, 16, generator=torch.Generator().manual_seed(1))
    longer = torch.tensor([True, False, True])
    together = clap.audio_features(net, features, longer)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))
    for i in range(3):
        alone = clap.audio_features(net, features[i : i + 1], longer[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)
    swapped = clap.audio_features(net, features, ~longer)
    assert (swapped - together).abs().amax(-1).min() > 1e-3


@torch.no_grad()
def test_padding_does_not_change_a_text(net: Any) -> None:
    """A text alone and beside a longer one has the same embedding."""
    tokens = DummyTokens(max_tokens=40)(["dog", "a very long rain"])
    together = clap.text_features(net, tokens.ids, tokens.mask)
    alone = clap.text_features(net, tokens.ids[:1, :5], tokens.mask[:1, :5])
    assert tokens.mask[0].tolist() == [1] * 5 + [0] * 13
    torch.testing.assert_close(alone[0], together[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(2))


@torch.no_grad()
def test_microsofts_network_gives_the_same_alone_and_in_a_batch() -> None:
    """Sounds and texts; what stands behind a text has no influence."""
    net = filled(clap.build(SMALL_MS))
    features = torch.randn(3, 1, 250, 16, generator=torch.Generator().manual_seed(1))
    together = clap.audio_features(net, features, torch.zeros(3, dtype=torch.bool))
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))
    for i in range(3):
        alone = clap.audio_features(net, features[i : i + 1], torch.ones(1, dtype=torch.bool))
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)
    ids = torch.tensor([[5, 6, 9, 0, 0, 0], [7, 8, 9, 10, 11, 12]])
    texts = clap.text_features(net, ids, (ids != 0).long())
    alone = clap.text_features(net, ids[:1, :3], torch.ones(1, 3, dtype=torch.long))
    torch.testing.assert_close(alone[0], texts[0], rtol=0, atol=1e-5)
    assert (texts[0] - texts[1]).abs().max() > 1e-3


def test_state_of_a_text_is_found_by_counting_what_is_not_padding() -> None:
    """As published: the last token, and with an id 0 inside the text one token before it."""
    states = torch.arange(12.0).reshape(2, 6, 1)
    ids = torch.tensor([[5, 6, 9, 0, 0, 0], [5, 0, 6, 9, 0, 0]])
    assert last_states(states, ids).flatten().tolist() == [2, 6 + 2]


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_return_types_of_transformers_are_understood(wrapped: bool) -> None:
    """Version 5 returns an object with the embedding inside, version 4 the embedding."""

    class Output:
        pooler_output = torch.tensor([[3.0, 4.0]])

    class Model:
        def get_text_features(self, **_: Any) -> Any:
            return Output() if wrapped else Output.pooler_output

    ids = torch.ones(1, 2, dtype=torch.long)
    model: Any = Model()
    torch.testing.assert_close(clap.text_features(model, ids, ids), torch.tensor([[0.6, 0.8]]))


def test_stand_in_tokens_are_the_bytes_of_the_text() -> None:
    """Begin, byte + 4 each, end; padding is 1."""
    tokens = DummyTokens()(["hä", ""])
    assert tokens.ids.tolist() == [[0, 108, 199, 168, 2], [0, 2, 1, 1, 1]]
    assert tokens.num_dropped == (0, 0)


def test_text_that_does_not_fit_is_cut_and_counted() -> None:
    """The end token stays; what was dropped is said."""
    tokens = DummyTokens(max_tokens=4)(["abcdef", "ab"])
    assert tokens.ids.tolist() == [[0, 101, 102, 2], [0, 101, 102, 2]]
    assert tokens.num_dropped == (4, 0)


def test_no_text_is_an_error() -> None:
    """An empty batch has no tensor."""
    with pytest.raises(UsageError, match="no text"):
        DummyTokens()([])


@pytest.fixture
def roberta_files(tmp_path: Path) -> tuple[Path, Path]:
    vocab = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "d", "o", "g", "do", "dog", "Ġ", "Ġd", "Ġdo", "Ġdog"]
    merges = ["#version: 0.2", "Ġ d", "Ġd o", "Ġdo g", "d o", "do g", ""]
    (tmp_path / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocab)}), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(merges), encoding="utf-8")
    return tmp_path / "vocab.json", tmp_path / "merges.txt"


def test_roberta_tokens_come_from_the_two_local_files(roberta_files: tuple[Path, Path]) -> None:
    """Merges apply in their order, a word after a space is another token, begin and end are added."""
    vocabulary, merges = roberta_files
    tokens = FileTokens(vocabulary=vocabulary, merges=merges, max_tokens=6)(["dog dog", "god", "dog dog dog dog dog"])
    assert tokens.ids.tolist() == [[0, 9, 13, 2, 1, 1], [0, 7, 6, 5, 2, 1], [0, 9, 13, 13, 13, 2]]
    assert tokens.num_dropped == (0, 0, 1)


def test_gpt2_tokens_end_with_the_end_of_text_and_know_the_exclamation_mark(tmp_path: Path) -> None:
    """A space and the end token follow every text and survive a cut; "!" never merges; padding is 0."""
    vocab = {"!": 0, "d": 1, "o": 2, "g": 3, "do": 4, "dog": 5, "Ġd": 6, "!!": 7, "g!": 8, "Ġdo": 9, "Ġdog": 10}
    vocab |= {"Ġ": 220, "<|endoftext|>": 50256}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    merges = "\n".join(["#version: 0.2", "! !", "g !", "Ġ d", "Ġd o", "Ġdo g", "d o", "do g", ""])
    (tmp_path / "merges.txt").write_text(merges, encoding="utf-8")
    make = {"vocabulary": tmp_path / "vocab.json", "merges": tmp_path / "merges.txt", "scheme": clap.GPT2}
    tokens = FileTokens(**make, max_tokens=6)(["dog!!", "dog", "dog dog dog dog dog"])
    assert tokens.ids.tolist() == [[5, 0, 0, 220, 50256, 0], [5, 220, 50256, 0, 0, 0], [5, 10, 10, 10, 10, 50256]]
    assert tokens.mask.sum(dim=1).tolist() == [5, 3, 6]
    assert tokens.num_dropped == (0, 0, 1)
    with pytest.raises(WeightsError, match="not RoBERTa's vocabulary"):
        FileTokens(vocabulary=tmp_path / "vocab.json", merges=tmp_path / "merges.txt")


def test_stand_in_tokens_of_gpt2_have_its_end_and_no_padding_inside() -> None:
    """Byte + 4 each, no begin; the real end ids, so that the network is read where it will be."""
    tokens = DummyTokens(max_tokens=4, scheme=clap.GPT2)(["!a", "abcdef"])
    assert tokens.ids.tolist() == [[37, 101, 220, 50256], [101, 102, 103, 50256]]
    assert tokens.num_dropped == (0, 4)


def test_damaged_tokenizer_files_are_named(roberta_files: tuple[Path, Path]) -> None:
    """A wrong vocabulary, a merge outside it, or a missing file is an error with the file's name."""
    vocabulary, merges = roberta_files
    whole = merges.read_text(encoding="utf-8")
    merges.write_text(whole + "c a\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"merges.txt: line 7 merges 'c a'"):
        FileTokens(vocabulary=vocabulary, merges=merges)
    merges.unlink()
    with pytest.raises(WeightsError, match=r"merges.txt: cannot be read"):
        FileTokens(vocabulary=vocabulary, merges=merges)
    merges.write_text(whole, encoding="utf-8")
    vocabulary.write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="not RoBERTa's vocabulary"):
        FileTokens(vocabulary=vocabulary, merges=merges)


def test_absent_transformers_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, roberta_files: tuple[Path, Path]
) -> None:
    """Network and tokenizer alike say what to install."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'avmeter\[clap\]'"):
        clap.build(SMALL)
    with pytest.raises(MissingDependencyError, match=r"pip install 'avmeter\[clap\]'"):
        FileTokens(vocabulary=roberta_files[0], merges=roberta_files[1])


def test_importing_the_module_does_not_import_transformers() -> None:
    """transformers takes seconds to import: only building a network pays for it."""
    code = "import sys, avmeter.nets.clap, avmeter.dsp.clap; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_stages_and_heads_must_match() -> None:
    """Every stage has its number of heads."""
    with pytest.raises(ValueError, match="2 stages"):
        AudioTowerConfig(depths=(2, 2), num_heads=(4,))


def test_checkpoints_answer_to_the_names_of_papers() -> None:
    """Every published name leads to a checkpoint, its own name too; another one is refused with near misses."""
    assert set(clap.PUBLISHED_NAMES.values()) == set(clap.CHECKPOINTS)
    for published_name, name in clap.PUBLISHED_NAMES.items():
        assert clap.checkpoint_name(published_name) == clap.checkpoint_name(name) == name
    assert clap.checkpoint_name("630k-audioset-best.pt") == "laion-clap-630k"
    assert clap.checkpoint_name("CLAP_weights_2023.pth") == "msclap-2023"
    with pytest.raises(UnknownNameError, match="laion/larger_clap_general"):
        clap.checkpoint_name("laion/larger_clap_generl")
