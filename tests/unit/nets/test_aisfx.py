"""aiSFX: keys and sizes."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import aisfx
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_is_read_but_those_of_classifiers() -> None:
    """48 of 102 tensors; the rest are three layers for each of nine libraries."""
    unread = unread_keys(aisfx.KEY_MAP, aisfx.build(device="meta"), published_keys("aisfx"))
    assert len(unread) == 54
    assert all(key.startswith("fc.") for key in unread)


def test_window_of_another_size_is_refused() -> None:
    """The embedding is a maximum over frames: another number would be another network."""
    net = aisfx.build()
    with pytest.raises(UsageError, match="100, 96"):
        net(torch.zeros(1, 99, 96))
