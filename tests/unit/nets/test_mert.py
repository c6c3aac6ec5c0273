"""MERT: keys."""

from __future__ import annotations

from avmeter.nets import mert
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_is_read_but_that_of_masked_frames() -> None:
    """211 tensors, the positional convolution by the names of PyTorch's first weight norm."""
    official = published_keys("mert")
    assert len(official) == 211
    assert unread_keys(mert.KEY_MAP, mert.build(device="meta"), official) == {"masked_spec_embed"}
