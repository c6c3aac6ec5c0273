"""FID's Inception without its weights: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import fid_inception
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every tensor of the archive has a place in the network."""
    official, net = published_keys("fid_inception"), fid_inception.build(device="meta")
    fid_inception.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(fid_inception.KEY_MAP, net, official)


def test_features_are_one_row_for_each_picture() -> None:
    """Of pictures of one size, and no other."""
    net = fid_inception.build(device="meta")
    assert net(torch.empty(2, 3, 299, 299, device="meta")).shape == (2, fid_inception.DIM)
    with pytest.raises(UsageError, match="reads pictures"):
        net(torch.empty(2, 3, 224, 224, device="meta"))


def test_norms_of_the_archive_get_the_names_of_pytorch() -> None:
    """Weights keep theirs."""
    state = {f"net.conv.{name}": torch.zeros(1) for name in ("weight", "beta", "mean", "var")}
    assert set(fid_inception.renamed(state)) == {
        f"net.conv.{name}" for name in ("weight", "bias", "running_mean", "running_var")
    }
