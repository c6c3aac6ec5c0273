"""AMT without its weights: loading, warping, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import amt
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("amt")
    net = amt.build(device="meta")
    amt.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(amt.KEY_MAP, net, official)


def test_maps_are_read_where_the_flow_leads() -> None:
    """Two columns to the right; beyond the border, what the border has."""
    maps = torch.arange(24.0).reshape(1, 1, 4, 6)
    flow = torch.tensor([2.0, 0.0])[None, :, None, None].expand(1, 2, 4, 6)
    expected = maps[..., [2, 3, 4, 5, 5, 5]]
    torch.testing.assert_close(amt.warped(maps, flow), expected)


@pytest.mark.parametrize("shape", [(1, 3, 112, 160), (1, 3, 136, 160), (1, 1, 128, 128), (3, 128, 128)])
def test_what_is_no_frame_of_its_own_sizes_is_refused(shape: tuple[int, ...]) -> None:
    """Too small, no multiple of 16, one colour, a missing axis."""
    with pytest.raises(UsageError, match="AMT reads"):
        amt.build(device="meta")(torch.empty(shape), torch.empty(shape))
