"""UMT without its weights: loading, classes, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import umt
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import small_umt


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("umt")
    net = umt.build(device="meta")
    umt.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(umt.KEY_MAP, net, official)


def test_classes_are_four_hundred_in_the_order_of_the_logits() -> None:
    """Ends and one in between, as the published list has them."""
    names = umt.actions()
    assert len(set(names)) == len(names) == umt.UmtConfig().num_classes
    assert (names[0], names[1], names[2]) == ("riding a bike", "marching", "dodgeball")
    assert all(name == name.lower().strip() for name in names)


@torch.no_grad()
def test_order_of_frames_is_seen() -> None:
    """Positions in time tell them apart."""
    net = small_umt()
    clip = torch.randn(2, 3, 16, 224, 224, generator=torch.Generator().manual_seed(0))
    logits = net(clip)
    assert logits.shape == (2, 400)
    torch.testing.assert_close(net(clip[1:]), logits[1:])
    assert (net(clip.flip(2)) - logits).abs().max() > 1e-5


@pytest.mark.parametrize("shape", [(1, 3, 8, 224, 224), (1, 16, 3, 224, 224), (3, 16, 224, 224)])
def test_clip_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    """Fewer frames, frames before colours, a missing axis."""
    with pytest.raises(UsageError, match="UMT reads clips"):
        small_umt()(torch.empty(shape))
