"""ViCLIP without its weights: loading whole and in towers, frames."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import viclip
from avmeter.nets.viclip import TOWERS, ViClipConfig
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import viclip_tower


@pytest.mark.parametrize("towers", [TOWERS, ("video",), ("text",)], ids="+".join)
def test_official_checkpoint_loads_strictly_whole_and_in_towers(towers: tuple[str, ...]) -> None:
    """Every official key has a place in the network, or belongs to the other tower or to the loss."""
    official = published_keys("viclip")
    net, keys = viclip.build(ViClipConfig(towers=towers), device="meta"), viclip.key_map(towers)
    keys.load(net, official, source="keys.json")
    unread = unread_keys(keys, net, official)
    assert unread == {key for key in official if keys.is_unused(key)}
    assert len(towers) == 1 or unread == {"temp"}


@torch.no_grad()
def test_order_of_frames_is_seen() -> None:
    """Positions in time tell them apart."""
    net = viclip_tower("video")
    pixels = torch.randn(1, 8, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    assert net.video(pixels).shape == (1, 20)
    assert (net.video(pixels) - net.video(pixels.flip(1))).abs().max() > 1e-4


def test_towers_that_do_not_exist_are_refused() -> None:
    """None, and another name."""
    for towers in ((), ("image",)):
        with pytest.raises(ValueError, match="towers must be some of"):
            ViClipConfig(towers=towers)
