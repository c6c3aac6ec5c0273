"""RAFT without its weights: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import raft
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network, but for second names of two norms."""
    official = published_keys("raft")
    net = raft.build(device="meta")
    raft.KEY_MAP.load(net, official, source="keys.json")
    unread = unread_keys(raft.KEY_MAP, net, official)
    assert {key.rsplit(".", 1)[0] for key in unread} == {f"module.cnet.layer{n}.0.norm3" for n in (2, 3)}


def test_flow_is_enlarged_by_a_mean_of_neighbours() -> None:
    """Of weights that are all of one neighbour, that neighbour's flow, eight times as long."""
    flow = torch.arange(2.0 * 3 * 4).reshape(1, 2, 3, 4)
    mask = torch.full((1, 9, 8, 8, 3, 4), -100.0)
    mask[:, 5] = 100.0  # to the right
    found = raft.enlarged(flow, mask.reshape(1, 576, 3, 4))
    assert found.shape == (1, 2, 24, 32)
    torch.testing.assert_close(found[0, :, :8, :8], 8 * flow[0, :, 0, 1, None, None].expand(2, 8, 8))


@pytest.mark.parametrize("shape", [(1, 3, 120, 160), (1, 3, 130, 160), (1, 1, 128, 128), (3, 128, 128)])
def test_what_is_no_frame_of_its_own_sizes_is_refused(shape: tuple[int, ...]) -> None:
    """Too small, no multiple of 8, one colour, a missing axis."""
    with pytest.raises(UsageError, match="RAFT reads"):
        raft.build(device="meta")(torch.empty(shape), torch.empty(shape), num_iterations=1)
