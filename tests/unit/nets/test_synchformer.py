"""Synchformer at small size: building, loading, batching."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from avmeter.nets import synchformer
from avmeter.nets.keys import KeyMap
from avmeter.nets.synchformer import OFFSET_GRID_S, PARTS, Synchformer, SynchformerConfig
from support.checkpoints import published_keys, unread_keys

SMALL = SynchformerConfig(
    dim=32,
    num_heads=4,
    mlp_ratio=2,
    depth=2,
    num_frames=8,
    image_size=32,
    patch_size=16,
    num_mels=36,
    num_mel_frames=46,
    num_segments=3,
    compare_depth=1,
    compare_num_heads=2,
    num_offsets=5,
)


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("synchformer")


@pytest.fixture
def net() -> Synchformer:
    net = synchformer.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.2 * torch.randn(value.shape, generator=generator))
    return net


def load_on_meta(parts: tuple[str, ...], official: dict[str, Tensor], key_map: KeyMap) -> Synchformer:
    net = synchformer.build(SynchformerConfig(parts=parts), device="meta")
    key_map.load(net, official, source="keys.json")
    return net


@pytest.mark.parametrize("parts", [PARTS, *((part,) for part in PARTS)], ids=lambda parts: "+".join(parts))
def test_official_checkpoint_loads_strictly_whole_and_in_parts(
    official: dict[str, Tensor], parts: tuple[str, ...]
) -> None:
    """Every official key has a place in the network or is known by name to be read by nobody."""
    key_map = synchformer.key_map(parts)
    net = load_on_meta(parts, official, key_map)
    assert unread_keys(key_map, net, official) == {key for key in official if key_map.is_unused(key)}


def test_whole_network_does_not_ignore_the_keys_of_its_parts() -> None:
    """Only the leftover 2-D patch embedding is unused by the whole network."""
    assert synchformer.KEY_MAP.is_unused("vfeat_extractor.patch_embed.proj.bias")
    assert not synchformer.KEY_MAP.is_unused("vfeat_extractor.patch_embed_3d.proj.bias")
    assert not synchformer.KEY_MAP.is_unused("vproj.weight")


def test_loaded_values_reach_the_fused_projections(net: Synchformer) -> None:
    """Separate query, key and value of the file become rows of one matrix, in that order."""
    key_map = synchformer.KEY_MAP
    state = {key_map.official(k): torch.full(v.shape, float(i)) for i, (k, v) in enumerate(net.state_dict().items())}
    key_map.load(net, state, source="numbers")
    prefix = "afeat_extractor.ast.encoder.layer.1.attention.attention"
    fused = net.audio.encoder.layer[1].attention.qkv
    for i, name in enumerate(("query", "key", "value")):
        rows = slice(32 * i, 32 * (i + 1))
        assert torch.equal(fused.weight[rows], state[f"{prefix}.{name}.weight"])
        assert torch.equal(fused.bias[rows], state[f"{prefix}.{name}.bias"])


@torch.no_grad()
def test_features_do_not_depend_on_the_rest_of_the_batch(net: Synchformer) -> None:
    """A segment has the same features alone and among others, and so has a comparison."""
    pixels, mel = torch.randn(3, 8, 3, 32, 32), torch.randn(3, 36, 46)
    video, audio = net.video_features(pixels), net.audio_features(mel)
    assert video.shape == (3, 4, 32)
    assert audio.shape == (3, 4, 32)
    torch.testing.assert_close(net.video_features(pixels[1:2]), video[1:2])
    torch.testing.assert_close(net.audio_features(mel[1:2]), audio[1:2])
    clips = torch.randn(2, 3, 4, 32), torch.randn(2, 3, 4, 32)
    logits = net.compare(*clips)
    assert logits.shape == (2, 5)
    torch.testing.assert_close(net.compare(clips[0][1:], clips[1][1:]), logits[1:])


@torch.no_grad()
def test_features_do_not_depend_on_how_time_attention_is_grouped(net: Synchformer) -> None:
    """Places that share a sequence stay apart: one group, two, or a group for each of the four."""
    pixels = torch.randn(2, 8, 3, 32, 32)
    features = []
    for num_groups in (1, 2, 4):
        net.video.num_time_groups = num_groups
        for block in net.video.blocks:
            block.timeattn.num_groups = num_groups
        features.append(net.video_features(pixels))
    torch.testing.assert_close(features[1], features[0])
    torch.testing.assert_close(features[2], features[0])


@torch.no_grad()
def test_attention_in_half_precision_leaves_the_rest_in_float32(net: Synchformer) -> None:
    """`attention_dtype` changes features by rounding only, and not their type."""
    rough = synchformer.build(replace(SMALL, attention_dtype=torch.float16))
    rough.load_state_dict(net.state_dict())
    pixels = torch.randn(2, 8, 3, 32, 32)
    exact, features = net.video_features(pixels), rough.video_features(pixels)
    assert features.dtype == torch.float32
    assert 0 < (features - exact).norm() < 2e-3 * exact.norm()


@torch.no_grad()
def test_half_precision_stays_near_float32(net: Synchformer) -> None:
    """Weights in bfloat16 give finite features of about the same value."""
    pixels = torch.randn(2, 8, 3, 32, 32)
    exact = net.video_features(pixels)
    rough = net.to(torch.bfloat16).video_features(pixels.bfloat16()).float()
    assert (rough - exact).norm() < 0.05 * exact.norm()


def test_part_that_was_not_built_takes_no_memory() -> None:
    """A network of one part holds the parameters of that part alone."""
    names = {name.split(".")[0] for name in synchformer.build(SynchformerConfig(parts=("audio",))).state_dict()}
    assert names == {"audio"}


def test_building_draws_no_random_numbers() -> None:
    """The global generator is where it was."""
    before = torch.get_rng_state()
    synchformer.build(SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_offset_grid_runs_from_minus_two_to_two_seconds() -> None:
    """21 classes, 0.2 s apart, symmetric about an exact zero."""
    assert pytest.approx(torch.linspace(-2, 2, 21).tolist(), abs=1e-6) == OFFSET_GRID_S
    assert OFFSET_GRID_S[10] == 0.0


@pytest.mark.parametrize(
    "wrong",
    [{"parts": ()}, {"parts": ("sound",)}, {"dim": 100, "num_heads": 12}, {"image_size": 230}, {"num_frames": 15}],
)
def test_sizes_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    """A configuration is checked at birth."""
    with pytest.raises(ValueError):
        SynchformerConfig(**wrong)  # type: ignore[arg-type]
