"""SoundNet: keys."""

from __future__ import annotations

from avmeter.nets import soundnet
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_is_read() -> None:
    """46 tensors and none left over."""
    official = published_keys("soundnet")
    assert len(official) == 46
    assert not unread_keys(soundnet.KEY_MAP, soundnet.build(device="meta"), official)
