"""SoundNet: keys, and what follows of the sizes."""

from __future__ import annotations

import torch

from avmeter.nets import soundnet
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_is_read() -> None:
    """46 tensors and none left over."""
    official = published_keys("soundnet")
    assert len(official) == 46
    assert not unread_keys(soundnet.KEY_MAP, soundnet.build(device="meta"), official)


def test_steps_of_time_follow_the_length() -> None:
    """20 s have 15 steps of the embedding, and 4 of the logits."""
    embedding, objects, scenes = soundnet.build(device="meta")(torch.zeros(2, 20 * 22_050, device="meta"))
    assert embedding.shape == (2, 1024, 15)
    assert objects.shape == (2, 1000, 4)
    assert scenes.shape == (2, 401, 4)
