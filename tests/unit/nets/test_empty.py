"""Networks are built without initial values, and without touching the generator of whoever builds them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from avmeter.nets.empty import empty_network


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(), nn.Linear(12, 2))


def test_building_draws_no_random_numbers() -> None:
    """A training loop that measures in between goes on as if it had not."""
    before = torch.get_rng_state()
    empty_network(small)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_network_is_on_the_device_in_evaluation_mode(device: str) -> None:
    """Dropout is off in every layer."""
    net = empty_network(small, device=device)
    assert {p.device.type for p in net.parameters()} == {device}
    assert not any(module.training for module in net.modules())


def test_batch_norm_has_the_statistics_of_a_new_one() -> None:
    """They are no parameters, so a filler of parameters would leave them as whatever the memory held."""
    norm = empty_network(small)[1]  # type: ignore[index]
    assert torch.equal(norm.running_mean, torch.zeros(3))
    assert torch.equal(norm.running_var, torch.ones(3))
    assert norm.num_batches_tracked == 0
