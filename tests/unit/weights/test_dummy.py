"""The fill of whole networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from avmeter.weights import dummy
from golden import fill


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 5)
        self.bn = nn.BatchNorm1d(4)
        self.table = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.register_buffer("window", torch.hann_window(8))
        self.register_buffer("empty", torch.zeros(0, 3))


def published(net: nn.Module, rename=None) -> dict[str, torch.Tensor]:
    fill.fill_state_dict(net, rename=rename)
    return net.state_dict()


def test_network_gets_the_published_values() -> None:
    """Every tensor of a network equals what the published function puts there."""
    net, wanted = Tiny(), published(Tiny())
    dummy.fill_network(net, lambda own: own)
    assert all(torch.equal(value, wanted[key]) for key, value in net.state_dict().items())


def test_official_names_decide_the_values() -> None:
    """The value depends on the official key, not on the network's own."""
    rename = lambda own: f"model.{own}.weight_g"  # noqa: E731
    net, wanted = Tiny(), published(Tiny(), rename)
    dummy.fill_network(net, rename)
    assert all(torch.equal(value, wanted[key]) for key, value in net.state_dict().items())


def test_tensor_without_official_name_is_left_alone() -> None:
    """None leaves a tensor as it was."""
    net = Tiny()
    before = net.conv.weight.detach().clone()
    dummy.fill_network(net, lambda own: None if own.startswith("conv") else own)
    assert torch.equal(net.conv.weight, before)
    assert net.head.weight.detach().numpy() == pytest.approx(fill.fill_value("head.weight", (7, 4)))


def test_computed_and_integer_tensors_are_left_alone() -> None:
    """Windows and counters stay what the implementation computed."""
    net = Tiny()
    dummy.fill_network(net, lambda own: own)
    assert torch.equal(net.window, torch.hann_window(8))
    assert net.bn.num_batches_tracked == 0


def test_shared_tensor_takes_the_last_key(monkeypatch) -> None:
    """Tied weights are filled once, with the value of the key that comes last."""
    net, filled, fill_tensor = Tiny(), [], dummy._fill_tensor
    monkeypatch.setattr(dummy, "_fill_tensor", lambda key, t: filled.append(key) or fill_tensor(key, t))
    net.head.weight = net.table.weight
    dummy.fill_network(net, lambda own: own)
    assert "table.weight" not in filled
    assert np.array_equal(net.table.weight.detach().numpy(), fill.fill_value("head.weight", (7, 4)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precision_gets_the_float32_value_rounded(dtype: torch.dtype) -> None:
    """The rule is float32; other precisions convert from it."""
    net = nn.Linear(3, 2).to(dtype)
    dummy.fill_network(net, lambda own: own)
    assert torch.equal(net.weight, torch.from_numpy(fill.fill_value("weight", (2, 3))).to(dtype))


def test_transposed_parameter_is_written_through_its_strides() -> None:
    """A tensor that is not contiguous gets its values in logical order."""
    net = nn.Linear(3, 2)
    net.weight = nn.Parameter(torch.zeros(3, 2).T)
    dummy.fill_network(net, lambda own: own)
    assert np.array_equal(net.weight.detach().numpy(), fill.fill_value("weight", (2, 3)))
