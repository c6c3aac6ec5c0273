"""EnCodec's encoder: keys."""

from __future__ import annotations

from avmeter.nets import encodec
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_of_the_encoder_is_read() -> None:
    """What is left over belongs to the decoder and the quantiser."""
    official = published_keys("encodec")
    unread = unread_keys(encodec.KEY_MAP, encodec.build(device="meta"), official)
    assert unread == {key for key in official if not key.startswith("encoder.")}
    assert len(official) - len(unread) == 62
