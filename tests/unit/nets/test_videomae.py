"""VideoMAE without its weights: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import videomae
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import small_videomae


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network, but for those of the decoder."""
    official = published_keys("videomae")
    net = videomae.build(device="meta")
    videomae.KEY_MAP.load(net, official, source="keys.json")
    unread = unread_keys(videomae.KEY_MAP, net, official)
    assert all(name.startswith(("decoder.", "mask_token", "encoder_to_decoder.")) for name in unread)


@pytest.mark.parametrize("shape", [(1, 3, 8, 224, 224), (1, 3, 16, 112, 224), (3, 16, 224, 224)])
def test_what_is_no_clip_of_sixteen_frames_is_refused(shape: tuple[int, ...]) -> None:
    """Positions are of as many places."""
    with pytest.raises(UsageError, match="VideoMAE reads clips"):
        small_videomae()(torch.empty(shape))
