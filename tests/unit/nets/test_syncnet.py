"""SyncNet without its weights: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import syncnet
from support.checkpoints import published_keys, unread_keys


@pytest.mark.parametrize("counts", [False, True], ids=["torch 0.3", "later"])
def test_official_checkpoint_loads_strictly(counts: bool) -> None:
    """Every official tensor has a place in the network, with counts of batches in the file or without."""
    official = published_keys("syncnet")
    net = syncnet.build(device="meta")
    extra = {"netcnnlip.1.num_batches_tracked": torch.empty((), device="meta")} if counts else {}
    syncnet.KEY_MAP.load(net, official | extra, source="keys.json")
    assert not unread_keys(syncnet.KEY_MAP, net, official)


@pytest.mark.parametrize("shape", [(1, 3, 4, 224, 224), (1, 3, 5, 112, 112), (3, 5, 224, 224)])
def test_what_is_no_face_is_refused(shape: tuple[int, ...]) -> None:
    """Too few frames, another size, a missing axis."""
    with pytest.raises(UsageError, match="SyncNet reads faces"):
        syncnet.build(device="meta").embed_faces(torch.empty(shape, device="meta"))


@pytest.mark.parametrize("shape", [(1, 13, 19), (13, 20), (1, 20, 13)])
def test_what_is_no_cepstrum_is_refused(shape: tuple[int, ...]) -> None:
    """Too short, a missing axis, axes the wrong way round."""
    with pytest.raises(UsageError, match="SyncNet reads cepstra"):
        syncnet.build(device="meta").embed_sound(torch.empty(shape, device="meta"))
