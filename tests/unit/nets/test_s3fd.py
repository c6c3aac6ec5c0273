"""S3FD without its weights: loading, sizes, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import s3fd
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("s3fd")
    net = s3fd.build(device="meta")
    s3fd.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(s3fd.KEY_MAP, net, official)


@torch.no_grad()
def test_every_cell_of_six_scales_has_a_box() -> None:
    """Of the smallest picture that is read, in batches."""
    boxes, scores = s3fd.build()(torch.zeros(2, 3, 32, 32))
    assert boxes.shape == (2, 64 + 16 + 4 + 3, 4)
    assert scores.shape == (2, 64 + 16 + 4 + 3)


@pytest.mark.parametrize("shape", [(1, 3, 31, 64), (1, 1, 64, 64), (3, 64, 64)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """Too small, one colour, a missing axis."""
    with pytest.raises(UsageError, match="S3FD reads pictures"):
        s3fd.build(device="meta")(torch.empty(shape, device="meta"))
