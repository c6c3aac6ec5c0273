"""Blocks of vision transformers."""

from __future__ import annotations

import torch

from avmeter.nets.vit import Attention, Block


def filled(module: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    for value in module.state_dict().values():
        value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return module.eval()


@torch.no_grad()
def test_leading_tokens_alone_are_those_of_all() -> None:
    """With a bias of keys and without."""
    x = torch.randn(2, 9, 12, generator=torch.Generator().manual_seed(1))
    for key_bias in (True, False):
        block = filled(Block(12, 3, 2, key_bias=key_bias))
        torch.testing.assert_close(block(x, num_queries=2), block(x)[:, :2])


@torch.no_grad()
def test_attention_without_a_bias_of_keys_is_that_of_a_bias_of_zeros() -> None:
    """Queries and values have theirs."""
    split, joint = filled(Attention(12, 3, key_bias=False)), Attention(12, 3)
    assert isinstance(split, Attention)
    joint.load_state_dict(
        {"qkv.weight": split.qkv.weight, "qkv.bias": split.qkv_bias}
        | {f"proj.{name}": value for name, value in split.proj.state_dict().items()}
    )
    assert not split.qkv_bias[12:24].any()
    assert split.qkv_bias[:12].any()
    assert split.qkv_bias[24:].any()
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(split(x, 5), joint(x, 5))
