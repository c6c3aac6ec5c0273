"""DISTS without its weights: loading, and what equal pictures have."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import dists
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoints_load_strictly() -> None:
    """Of both files all is read but the heads of LPIPS."""
    official, net = published_keys("dists"), dists.build(device="meta")
    dists.KEY_MAP.load(net, official, source="keys.json")
    assert unread_keys(dists.KEY_MAP, net, official) == {f"NetLinLayer_{n}.Conv_0.weight" for n in range(5)}


def test_equal_pictures_have_no_distance_and_others_have_the_same_both_ways() -> None:
    """Likeness of each channel is 1, flat channels too."""
    net = dists.build()
    fill_network(net, dists.KEY_MAP.official)
    grey = torch.full((3, 33, 48), 0.5)
    noise = torch.rand(3, 33, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        same = net.likeness(torch.stack([grey, noise]), torch.stack([grey, noise]))
        found = net.likeness(torch.stack([grey, noise]), torch.stack([noise, grey]))
    torch.testing.assert_close(same, torch.ones(2, 2, 1475), atol=2e-3, rtol=0)
    torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=1e-4)
    assert float(found[0].min()) < 0.9


def test_pooling_keeps_the_power_of_a_flat_map() -> None:
    """Inside; at the border the window reads zeros. An odd side keeps its larger half."""
    pooled = dists._root_mean_square(torch.full((1, 2, 7, 8), 3.0))
    assert pooled.shape == (1, 2, 4, 4)
    torch.testing.assert_close(pooled[:, :, 1:3, 1:], torch.full((1, 2, 2, 3), 3.0))
    assert float(pooled[0, 0, 0, 0]) == pytest.approx(3 * (0.75**2) ** 0.5, rel=1e-5)
