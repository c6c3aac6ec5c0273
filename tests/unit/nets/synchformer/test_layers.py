"""Pieces of Synchformer's towers, against torch's own layers."""

from __future__ import annotations

import torch
from torch import nn

from avmeter.nets.synchformer.layers import Aggregator, FusedQKV, Mlp, SelfAttention, attend, attend_once


def filled(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for value in module.state_dict().values():
        value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return module.eval()


@torch.no_grad()
def test_single_query_needs_neither_keys_nor_values() -> None:
    """The same as attention over projected tokens, with and without a bias."""
    generator = torch.Generator().manual_seed(0)
    q, tokens = torch.randn(3, 2, 4, generator=generator), torch.randn(3, 7, 8, generator=generator)
    weight, bias_k, bias_v = (torch.randn(n, generator=generator) for n in ((16, 8), (8,), (8,)))
    k = (tokens @ weight[:8].T + bias_k).unflatten(-1, (2, 4))
    v = (tokens @ weight[8:].T + bias_v).unflatten(-1, (2, 4))
    hidden = torch.zeros(7)
    hidden[3] = float("-inf")
    for bias in (None, hidden):
        expected = attend(q[:, None], k, v, bias=None if bias is None else bias[None])[:, 0]
        torch.testing.assert_close(attend_once(q, tokens, weight, bias_v, bias=bias), expected)


@torch.no_grad()
def test_aggregator_is_the_class_token_of_a_whole_layer() -> None:
    """Only what is read is computed; torch's layer computes everything."""
    aggregator = filled(Aggregator(16, 4, 32))
    layer = nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True, norm_first=True, dropout=0)
    layer.norm1.eps = layer.norm2.eps = 1e-6
    layer.load_state_dict({k: v for k, v in aggregator.state_dict().items() if k != "cls_token"})
    layer.train()  # evaluation takes a fast path whose rounding differs
    tokens = torch.randn(3, 5, 16, generator=torch.Generator().manual_seed(1))
    whole = torch.cat([aggregator.cls_token.expand(3, -1, -1), tokens], dim=1)
    torch.testing.assert_close(aggregator(tokens), layer(whole)[:, 0], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_fused_projection_shows_the_three_of_the_file() -> None:
    """Filling the shown tensors fills the network, and what is shown can be loaded."""
    fused = FusedQKV(4)
    shown = fused.state_dict()
    assert sorted(shown) == sorted(f"{part}.{kind}" for part in FusedQKV.PARTS for kind in ("weight", "bias"))
    for i, part in enumerate(FusedQKV.PARTS):
        shown[f"{part}.weight"].fill_(float(i))
        shown[f"{part}.bias"].fill_(float(10 * i))
    assert fused.weight[:, 0].tolist() == [0.0] * 4 + [1.0] * 4 + [2.0] * 4
    other = FusedQKV(4)
    other.load_state_dict(shown)
    assert torch.equal(other.weight, fused.weight)
    assert torch.equal(other.bias, fused.bias)


@torch.no_grad()
def test_self_attention_is_torchs_without_the_output_projection() -> None:
    """With the identity behind it, `nn.MultiheadAttention` gives the same."""
    ours = filled(SelfAttention(8, 2))
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.in_proj_weight.copy_(ours.qkv.weight)
    theirs.in_proj_bias.copy_(ours.qkv.bias)
    theirs.out_proj.weight.copy_(torch.eye(8))
    theirs.out_proj.bias.zero_()
    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours(x), theirs(x, x, x, need_weights=False)[0])


@torch.no_grad()
def test_perceptron_has_an_exact_gelu() -> None:
    """Not the approximation by a hyperbolic tangent."""
    mlp = filled(Mlp(4, 8))
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(mlp(x), mlp.fc2(nn.GELU()(mlp.fc1(x))))
