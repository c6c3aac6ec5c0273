"""Names in Synchformer's checkpoint, whole and part by part."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.nets import synchformer
from avmeter.nets.keys import KeyMap
from avmeter.nets.synchformer import PARTS, Synchformer, SynchformerConfig
from support.checkpoints import published_keys, unread_keys
from support.synchformer_networks import small_network


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("synchformer")


def load_on_meta(parts: tuple[str, ...], official: dict[str, Tensor], key_map: KeyMap) -> Synchformer:
    net = synchformer.build(SynchformerConfig(parts=parts), device="meta")
    key_map.load(net, official, source="keys.json")
    return net


@pytest.fixture
def net() -> Synchformer:
    return small_network()


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
