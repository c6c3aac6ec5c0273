"""DINO without its weights: loading, sizes, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import dino
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import small_dino


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("dino")
    net = dino.build(device="meta")
    dino.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(dino.KEY_MAP, net, official)


@torch.no_grad()
def test_picture_does_not_depend_on_the_rest_of_the_batch() -> None:
    """Alone and among others."""
    pixels = torch.randn(3, 3, 64, 112, generator=torch.Generator().manual_seed(0))
    net = small_dino()
    torch.testing.assert_close(net(pixels[1:2]), net(pixels)[1:2])


@torch.no_grad()
def test_pixels_that_fill_no_patch_are_not_read() -> None:
    """The last six columns of 70."""
    pixels = torch.randn(1, 3, 64, 70, generator=torch.Generator().manual_seed(0))
    net = small_dino()
    torch.testing.assert_close(net(pixels), net(pixels[..., :64]))


@torch.no_grad()
def test_positions_of_the_trained_grid_are_those_of_the_checkpoint() -> None:
    """And of no other grid."""
    net = small_dino()
    assert net.positions(14, 14) is net.pos_embed
    assert net.positions(14, 24).shape == (1, 1 + 14 * 24, 16)
    torch.testing.assert_close(net.positions(7, 9)[:, 0], net.pos_embed[:, 0])


@pytest.mark.parametrize("shape", [(1, 3, 15, 64), (1, 1, 64, 64), (3, 64, 64)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """Less than a patch, one colour, a missing axis."""
    with pytest.raises(UsageError, match="DINO reads pixels"):
        small_dino()(torch.empty(shape))
