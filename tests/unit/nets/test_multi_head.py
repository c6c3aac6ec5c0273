"""Attention in the layout of torch."""

from __future__ import annotations

import torch

from avmeter.nets.multi_head import Attention, TowerConfig


@torch.no_grad()
def test_attention_with_learned_key_and_value_is_that_of_torch() -> None:
    """The fused form computes what `torch.nn.MultiheadAttention` computes from the same parameters."""
    torch.manual_seed(0)
    reference = torch.nn.MultiheadAttention(24, 2, add_bias_kv=True, batch_first=True).eval()
    attention = Attention(TowerConfig(dim=24, depth=1, num_heads=2), bias_kv=True)
    attention.load_state_dict(reference.state_dict())
    x = torch.randn(3, 7, 24)
    expected = reference(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(attention(x, causal=False), expected)
    torch.testing.assert_close(attention.first(x), expected[:, :1])
