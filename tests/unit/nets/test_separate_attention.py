"""Blocks with a layer each for queries, keys and values."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets.separate_attention import Block


@pytest.mark.parametrize("key_bias", [True, False])
@torch.no_grad()
def test_first_queries_alone_are_what_they_are_among_all(key_bias: bool) -> None:
    """The class token of the last block needs no other."""
    torch.manual_seed(0)
    block = Block(8, 2, 16, eps=1e-6, key_bias=key_bias)
    assert (block.attention.key.bias is not None) == key_bias
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(block(x, num_queries=1), block(x)[:, :1])
