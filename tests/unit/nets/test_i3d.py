"""I3D without its weights: loading, padding, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import i3d
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("i3d")
    i3d.KEY_MAP.load(i3d.build(device="meta"), official, source="keys.json")
    assert not unread_keys(i3d.KEY_MAP, i3d.build(device="meta"), official)


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "before", "after"),
    [(224, 7, 2, 2, 3), (30, 7, 2, 2, 3), (15, 3, 2, 1, 1), (9, 3, 1, 1, 1)],
)
def test_odd_padding_is_at_the_end(length: int, kernel: int, stride: int, before: int, after: int) -> None:
    """As TensorFlow's "SAME": outputs are the length over the stride, rounded up."""
    padded = i3d._padded(torch.ones(1, 1, length, 1, 1), (kernel, 1, 1), (stride, 1, 1)).flatten()
    assert len(padded) == before + length + after
    assert not padded[:before].any()
    assert not padded[before + length :].any()


@pytest.mark.parametrize("shape", [(1, 3, 8, 224, 224), (1, 3, 10, 112, 112), (1, 10, 3, 224, 224), (3, 10, 224, 224)])
def test_clip_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    """Too few frames, other pixels, frames before channels, a missing axis."""
    with pytest.raises(UsageError, match="I3D reads clips"):
        i3d.build(device="meta")(torch.empty(shape, device="meta"))
