"""PaSST at small size: loading, batching, its shortcut, what it refuses."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.errors import UsageError, WeightsError
from avmeter.nets import passt
from avmeter.nets.passt import Passt, PasstConfig
from avmeter.nets.vit import Block
from support.checkpoints import published_keys, unread_keys

SMALL = PasstConfig(dim=24, depth=3, num_heads=4, num_mels=36, num_mel_frames=100, num_classes=5)


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("passt")


@pytest.fixture(scope="module")
def net() -> Passt:
    net = passt.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.2 * torch.randn(value.shape, generator=generator))
    return net


def load_on_meta(official: dict[str, Tensor]) -> None:
    passt.KEY_MAP.load(passt.build(device="meta"), official, source="keys.json")


def test_official_checkpoint_loads_strictly(official: dict[str, Tensor]) -> None:
    """Every official key has a place in the network or is the unused second classifier."""
    load_on_meta(official)
    unread = unread_keys(passt.KEY_MAP, passt.build(device="meta"), official)
    assert unread == {"head_dist.weight", "head_dist.bias"}


def test_checkpoint_for_longer_sounds_is_refused(official: dict[str, Tensor]) -> None:
    """The 20 s and 30 s variants have more positions in time."""
    with pytest.raises(WeightsError, match="shape"):
        load_on_meta(official | {"time_new_pos_embed": torch.empty(1, 768, 1, 199, device="meta")})


@torch.no_grad()
def test_output_does_not_depend_on_the_rest_of_the_batch(net: Passt) -> None:
    """A sound has the same logits and embedding alone and among others."""
    mel = torch.randn(3, 1, 36, 100)
    together = net(mel)
    assert together.logits.shape == (3, 5)
    assert together.embedding.shape == (3, 24)
    alone = net(mel[1:2])
    torch.testing.assert_close(alone.logits, together.logits[1:2])
    torch.testing.assert_close(alone.embedding, together.embedding[1:2])


@torch.no_grad()
def test_first_tokens_of_a_block_are_those_of_the_whole_block(net: Passt) -> None:
    """Leaving out queries that nobody reads changes nothing."""
    x = torch.randn(2, 9, 24)
    torch.testing.assert_close(net.blocks[0](x, num_queries=2), net.blocks[0](x)[:, :2])


@torch.no_grad()
def test_block_is_a_pre_norm_transformer_layer_of_torch() -> None:
    """The fused form computes what `torch.nn.TransformerEncoderLayer` computes from the same parameters."""
    torch.manual_seed(0)
    reference = torch.nn.TransformerEncoderLayer(
        24, 4, 96, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    names = {
        "attn.qkv.weight": "self_attn.in_proj_weight",
        "attn.qkv.bias": "self_attn.in_proj_bias",
        "attn.proj": "self_attn.out_proj",
        "mlp.fc1": "linear1",
        "mlp.fc2": "linear2",
    }
    block = Block(24, 4)
    theirs = reference.state_dict()
    own = {}
    for key in block.state_dict():
        module, _, leaf = key.rpartition(".")
        own[key] = theirs[names.get(key, f"{names.get(module, module)}.{leaf}")]
    block.load_state_dict(own)
    x = torch.randn(3, 7, 24)
    torch.testing.assert_close(block(x), reference(x))


@torch.no_grad()
def test_shorter_sound_takes_the_first_positions_in_time(net: Passt) -> None:
    """A patch has the same token whatever comes behind it."""
    mel = torch.randn(1, 1, 36, 100)
    whole = net.tokens(mel)[:, 2:].unflatten(1, (3, 9))
    part = net.tokens(mel[..., :46])[:, 2:].unflatten(1, (3, 4))
    torch.testing.assert_close(part, whole[:, :, :4])


@torch.no_grad()
def test_frames_that_fill_no_patch_change_nothing(net: Passt) -> None:
    """9 patches of 10 frames and 6 more end at frame 96; up to 105 frames are read as 96."""
    mel = torch.randn(1, 1, 36, 105)
    torch.testing.assert_close(net(mel).logits, net(mel[..., :96]).logits)


@pytest.mark.parametrize("shape", [(1, 1, 36, 106), (1, 1, 36, 15), (1, 1, 35, 100), (1, 36, 100), (1, 2, 36, 100)])
def test_spectrogram_of_another_size_is_refused(net: Passt, shape: tuple[int, ...]) -> None:
    """More than the positions in time, fewer than a patch, other bands, no channel axis."""
    with pytest.raises(UsageError, match="PaSST reads mel spectrograms"):
        net(torch.zeros(shape))


def test_published_size_refuses_more_than_1005_frames() -> None:
    """10 s are 1000 frames."""
    net = passt.build(device="meta")
    assert net(torch.empty(1, 1, 128, 1005, device="meta")).logits.shape == (1, 527)
    with pytest.raises(UsageError, match="16 to 1005"):
        net(torch.empty(1, 1, 128, 1006, device="meta"))
