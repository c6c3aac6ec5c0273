"""LPIPS without its weights: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import lpips
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


@pytest.mark.parametrize("name", lpips.CONFIGS)
def test_official_checkpoint_loads_strictly(name: str) -> None:
    """Every packed tensor has a place in the network."""
    official, net = published_keys(f"lpips_{name}"), lpips.build(name, device="meta")
    lpips.KEY_MAPS[name].load(net, official, source="keys.json")
    assert not unread_keys(lpips.KEY_MAPS[name], net, official)


def test_equal_pictures_have_no_distance_and_others_have_the_same_both_ways() -> None:
    """Whatever stands beside them in the batch."""
    net = lpips.build("alex")
    fill_network(net, lpips.KEY_MAPS["alex"].official)
    one, other = torch.rand(2, 3, 40, 50, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        found = net(torch.stack([one, one, other]), torch.stack([one, other, one]))
    assert found[0] == 0
    assert found[1] == pytest.approx(float(found[2]), rel=1e-5)
    assert found[1] != 0


@pytest.mark.parametrize("shapes", [((1, 3, 64, 64), (1, 3, 64, 65)), ((1, 3, 30, 64),) * 2, ((3, 64, 64),) * 2])
def test_pictures_that_cannot_be_compared_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Of two sizes, too small, without a batch."""
    net = lpips.build("alex", device="meta")
    with pytest.raises(UsageError, match="two batches of pictures"):
        net(*(torch.empty(s, device="meta") for s in shapes))
